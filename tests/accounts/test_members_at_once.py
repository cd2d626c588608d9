import pytest

from kasilabs.accounts import audit, members
from kasilabs.accounts.models import Member, User
from kasilabs.accounts.permissions import Role
from kasilabs.lib.refusal import Refused
from tests import make
from tests.threads import at_once

COMMAND = audit.Actor.command("test")
pytestmark = pytest.mark.django_db(transaction=True)


def test_two_owners_who_remove_each_other_leave_one() -> None:
    organization = make.organization()
    first, second = (make.member(organization, Role.OWNER, email=f"{name}@x.example") for name in ("a", "b"))

    def remove(pair: tuple[Member, Member]) -> None:
        members.remove(member=pair[0], by=pair[1], actor=COMMAND)

    done = at_once(remove, [(first, second), (second, first)])
    assert sorted(type(each) for each in done if each) == [Refused]
    assert organization.members.count() == 1


def test_one_new_address_added_to_four_organizations_at_once_is_one_account() -> None:
    organizations = [make.organization() for _ in range(4)]

    def add(place: int) -> members.Added:
        organization = organizations[place]
        return members.add(
            organization=organization, email="new@x.example", name="N", role=Role.OWNER, by=None, actor=COMMAND
        )

    done = at_once(add, range(4))
    assert [type(each) for each in done] == [members.Added] * 4
    assert User.objects.get(email="new@x.example").memberships.count() == 4


def test_one_person_added_to_one_organization_at_once_belongs_to_it_once() -> None:
    organization = make.organization()
    make.member(organization, Role.OWNER)

    def add(role: Role) -> members.Added:
        return members.add(
            organization=organization, email="new@x.example", name="N", role=role, by=None, actor=COMMAND
        )

    done = at_once(add, [Role.VIEWER, Role.ADMIN, Role.OPERATOR])
    assert sum(isinstance(each, members.Added) for each in done) == 1
    assert [each.code for each in done if isinstance(each, Refused)] == ["already_member"] * 2
