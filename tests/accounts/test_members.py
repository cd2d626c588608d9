import pytest

from kasilabs.accounts import audit, members, welcome
from kasilabs.accounts.models import AuditEntry, Member, User
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused
from tests.support import factories, mails, trail

COMMAND = audit.Actor.command("test")


def of(cast: factories.Cast, user: User) -> Member:
    return cast.organization.members.get(user=user)


def roles(cast: factories.Cast) -> dict[str, str]:
    return dict(cast.organization.members.values_list("user__email", "role"))


def test_adding_an_unknown_address_makes_an_account_without_a_password(cast: factories.Cast) -> None:
    by = of(cast, cast.admin)
    added = members.add(
        organization=cast.organization, email="New@Example.com", name="Nia", role=Role.VIEWER, by=by, actor=COMMAND
    )
    assert (added.member.user.email, added.member.user.name) == ("new@example.com", "Nia")
    assert added.needs_password
    entry = trail.entries().get()
    assert (entry.action, entry.target_name, entry.after) == ("member.added", "new@example.com", {"role": "viewer"})


def test_the_longest_address_can_be_added_and_act(cast: factories.Cast) -> None:
    longest = f"{'a' * 64}@{'.'.join(['b' * 60] * 3)}.example"[:254]
    added = members.add(
        organization=cast.organization, email=longest, name="Nia", role=Role.ADMIN, by=None, actor=COMMAND
    )
    members.remove(member=of(cast, cast.viewer), by=added.member, actor=audit.Actor.person(added.member.user))
    entries = trail.entries().order_by("seq")
    assert (entries[0].target_name, entries[1].actor) == (longest, longest)


def test_adding_a_known_address_adds_that_person_under_their_own_name(cast: factories.Cast) -> None:
    added = members.add(
        organization=cast.organization, email=cast.stranger.email, name="X", role=Role.VIEWER, by=None, actor=COMMAND
    )
    assert (added.member.user, added.needs_password) == (cast.stranger, False)
    assert added.member.user.name == cast.stranger.name


def test_nobody_is_added_twice(cast: factories.Cast) -> None:
    before = roles(cast)
    with pytest.raises(Refused, match="already belongs") as refused:
        members.add(
            organization=cast.organization, email=cast.viewer.email, name="X", role=Role.ADMIN, by=None, actor=COMMAND
        )
    assert refused.value.code == "already_member"
    assert (roles(cast), AuditEntry.objects.count()) == (before, 0)


@pytest.mark.parametrize("role", Role)
def test_an_admin_gives_every_role_but_owner(cast: factories.Cast, role: Role) -> None:
    by = of(cast, cast.admin)
    assert (role in by.roles_to_give) == (role != Role.OWNER)


def test_an_admin_cannot_add_an_owner(cast: factories.Cast) -> None:
    by, users = of(cast, cast.admin), User.objects.count()
    with pytest.raises(Refused) as refused:
        members.add(
            organization=cast.organization, email="o@x.example", name="O", role=Role.OWNER, by=by, actor=COMMAND
        )
    assert refused.value.code == "role_beyond_yours"
    assert User.objects.count() == users


def test_a_withdrawn_permission_narrows_what_one_may_give(cast: factories.Cast) -> None:
    by = of(cast, cast.owner)
    by.withdrawn = [Permission.LOGS_VIEW]
    assert by.roles_to_give == [Role.VIEWER]


def test_an_owner_makes_a_viewer_admin(cast: factories.Cast) -> None:
    member = of(cast, cast.viewer)
    members.change_role(member=member, role=Role.ADMIN, by=of(cast, cast.owner), actor=COMMAND)
    assert roles(cast)[cast.viewer.email] == "admin"
    entry = trail.entries().get()
    assert (entry.action, entry.before, entry.after) == ("member.role_changed", {"role": "viewer"}, {"role": "admin"})


def test_giving_the_role_one_has_writes_nothing(cast: factories.Cast) -> None:
    members.change_role(member=of(cast, cast.viewer), role=Role.VIEWER, by=of(cast, cast.owner), actor=COMMAND)
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("by", "member", "role", "code"),
    [
        ("admin", "owner", Role.VIEWER, "member_beyond_you"),
        ("admin", "viewer", Role.OWNER, "role_beyond_yours"),
        ("admin", "admin", Role.VIEWER, "own_role"),
        ("owner", "owner", Role.VIEWER, "own_role"),
        ("developer", "viewer", Role.VIEWER, "not_allowed"),
    ],
)
def test_roles_that_are_not_changed(cast: factories.Cast, by: str, member: str, role: Role, code: str) -> None:
    before = roles(cast)
    with pytest.raises(Refused) as refused:
        members.change_role(
            member=of(cast, getattr(cast, member)), role=role, by=of(cast, getattr(cast, by)), actor=COMMAND
        )
    assert refused.value.code == code
    assert (roles(cast), AuditEntry.objects.count()) == (before, 0)


def test_an_admin_cannot_remove_an_owner(cast: factories.Cast) -> None:
    with pytest.raises(Refused) as refused:
        members.remove(member=of(cast, cast.owner), by=of(cast, cast.admin), actor=COMMAND)
    assert refused.value.code == "member_beyond_you"
    assert roles(cast)[cast.owner.email] == "owner"


def test_removing_ends_the_membership_and_keeps_the_account(cast: factories.Cast) -> None:
    members.remove(member=of(cast, cast.viewer), by=of(cast, cast.admin), actor=COMMAND)
    assert cast.viewer.email not in roles(cast)
    assert User.objects.filter(pk=cast.viewer.pk).exists()
    assert trail.entries().get().before == {"role": "viewer"}


def test_an_admin_may_leave(cast: factories.Cast) -> None:
    member = of(cast, cast.admin)
    members.remove(member=member, by=member, actor=COMMAND)
    assert cast.admin.email not in roles(cast)


def test_the_last_owner_stays(cast: factories.Cast) -> None:
    owner = of(cast, cast.owner)
    for act in (
        lambda: members.remove(member=owner, by=owner, actor=COMMAND),
        lambda: members.change_role(member=owner, role=Role.ADMIN, by=None, actor=COMMAND),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == "last_owner"
    assert (roles(cast)[cast.owner.email], AuditEntry.objects.count()) == ("owner", 0)


def test_an_owner_leaves_when_another_stays(cast: factories.Cast) -> None:
    factories.member(cast.organization, Role.OWNER, email="second@kasi-legal.example")
    owner = of(cast, cast.owner)
    members.remove(member=owner, by=owner, actor=COMMAND)
    assert roles(cast)["second@kasi-legal.example"] == "owner"
    assert cast.owner.email not in roles(cast)


def test_an_owner_who_cannot_sign_in_does_not_count(cast: factories.Cast) -> None:
    second = factories.member(cast.organization, Role.OWNER, email="second@kasi-legal.example")
    User.objects.filter(pk=second.user_id).update(is_active=False)
    with pytest.raises(Refused) as refused:
        members.remove(member=of(cast, cast.owner), by=None, actor=COMMAND)
    assert refused.value.code == "last_owner"


@pytest.mark.django_db(transaction=True)
def test_the_invitation_carries_a_link_that_sets_a_password() -> None:
    organization = factories.organization("kasi-legal", name="Kasi Legal")
    added = members.add(
        organization=organization, email="owner@x.example", name="O", role=Role.OWNER, by=None, actor=COMMAND
    )
    welcome.enqueue(added.member)
    sent = mails.sent()[0]
    assert (sent.to, sent.subject) == (["owner@x.example"], "Kasi Legal added you on KasiLabs")
    assert f"http://127.0.0.1:8000/accounts/password/reset/key/{added.member.user_id.hex}-" in sent.body
