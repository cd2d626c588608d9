from functools import partial

import pytest

from kasilabs.accounts import audit, members
from kasilabs.accounts.models import User
from kasilabs.accounts.permissions import Role
from kasilabs.lib.refusal import Refused
from tests.support import factories
from tests.support.concurrency import at_once, or_error

COMMAND = audit.Actor.command("test")
pytestmark = pytest.mark.django_db(transaction=True)


def test_two_owners_who_remove_each_other_leave_one() -> None:
    organization = factories.organization()
    first, second = (factories.member(organization, Role.OWNER, email=f"{name}@x.example") for name in ("a", "b"))

    remove = partial(members.remove, actor=COMMAND)
    pairs = [(first, second), (second, first)]
    done = at_once(*[or_error(partial(remove, member=member, by=by)) for member, by in pairs])
    assert [type(each) for each in done if each] == [Refused]
    assert organization.members.count() == 1


def test_one_new_address_added_to_four_organizations_at_once_is_one_account() -> None:
    add = partial(members.add, email="new@x.example", name="N", role=Role.OWNER, by=None, actor=COMMAND)
    at_once(*[partial(add, organization=factories.organization()) for _ in range(4)])
    assert User.objects.get(email="new@x.example").memberships.count() == 4


def test_one_person_added_to_one_organization_at_once_belongs_to_it_once() -> None:
    organization = factories.organization()
    factories.member(organization, Role.OWNER)
    add = partial(
        members.add,
        organization=organization,
        email="new@x.example",
        name="N",
        role=Role.VIEWER,
        by=None,
        actor=COMMAND,
    )
    done = at_once(*[or_error(add)] * 3)
    assert sum(isinstance(each, members.Added) for each in done) == 1
    assert [each.code for each in done if isinstance(each, Refused)] == ["already_member"] * 2
