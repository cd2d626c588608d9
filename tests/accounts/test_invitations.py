import re
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kasilabs.accounts import audit, members
from kasilabs.accounts.invitations import changes
from kasilabs.accounts.models import AuditEntry, Invitation, Member, User
from kasilabs.accounts.permissions import Role
from kasilabs.lib.refusal import Refused
from tests.support import factories, mails, trail
from tests.support.concurrency import at_once, or_error
from tests.support.visits import As, page

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/o/kasi-legal/members/"
NEW = "nia@x.example"
PASSWORD = "quite another one"
ACCOUNT = {"name": "Nia", "password1": PASSWORD, "password2": PASSWORD}


@pytest.fixture
def cast(transactional_db: None) -> factories.Cast:
    return factories.cast()


def invite(cast: factories.Cast, as_: As, email: str = NEW, role: str = "viewer") -> Any:
    return as_(cast.admin).post(f"{PAGE}add/", {"email": email, "name": "Nia", "role": role}, follow=True)


def link() -> str:
    """Returns the path of the link in the last mail."""
    found = re.search(r"http://127\.0\.0\.1:8000(/invitations/\S+/)", str(mails.sent()[-1].body))
    assert found
    return found.group(1)


def role_of(email: str) -> str:
    member = Member.objects.filter(user__email=email, organization__slug="kasi-legal").first()
    return member.role if member else ""


def test_inviting_reads_the_same_for_a_known_and_an_unknown_address(cast: factories.Cast, as_: As) -> None:
    emails = [cast.stranger.email, "nobody@x.example"]
    said = [page(invite(cast, as_, email)).replace(email, "…") for email in emails]
    assert "An invitation is on its way to …. It works for 7 days." in said[0]
    assert re.findall("k-toast.*?</div>", said[0]) == re.findall("k-toast.*?</div>", said[1])
    assert [sent.to for sent in mails.sent()] == [[email] for email in emails]
    first, second = (str(sent.body).replace(email, "…") for sent, email in zip(mails.sent(), emails, strict=True))
    assert re.sub("/invitations/.*", "", first) == re.sub("/invitations/.*", "", second)


def test_nobody_belongs_to_an_organization_before_they_accept(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_, cast.stranger.email)
    assert as_(cast.stranger).get("/o/kasi-legal/").status_code == 404
    assert not User.objects.filter(email=NEW).exists()


def test_a_known_person_signs_in_and_accepts(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_, "STRANGER@rival-law.example", "operator")
    path, client = link(), Client()
    assert f"/accounts/login/?next={path}" in page(client.get(path))
    typed = {"login": cast.stranger.email, "password": factories.PASSWORD, "next": path}
    assert client.post("/accounts/login/", typed)["Location"] == path
    assert "Join Kasi Legal" in page(client.get(path))
    assert client.post(f"{path}accept/")["Location"] == "/o/kasi-legal/"
    assert role_of(cast.stranger.email) == "operator"


def test_a_new_person_sets_a_password_and_is_in(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    path, client = link(), Client()
    assert "Choose a password" in page(client.get(path))
    assert client.post(f"{path}register/", ACCOUNT)["Location"] == "/o/kasi-legal/"
    assert client.get("/o/kasi-legal/").status_code == 200
    person = User.objects.get(email=NEW)
    assert (person.name, person.check_password(PASSWORD), role_of(NEW)) == ("Nia", True, "viewer")


def test_a_link_works_once(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    path = link()
    Client().post(f"{path}register/", ACCOUNT)
    members.remove(member=Member.objects.get(user__email=NEW), by=None, actor=factories.ACTOR)
    person = as_(User.objects.get(email=NEW))
    for answer in (person.get(path), person.post(f"{path}accept/"), Client().post(f"{path}register/", ACCOUNT)):
        assert answer.status_code == 404
        assert "This invitation does not work" in page(answer)
    assert role_of(NEW) == ""


@pytest.mark.parametrize("column", ["expires", "revoked"])
def test_a_link_that_is_over_lets_nobody_in(cast: factories.Cast, as_: As, column: str) -> None:
    invite(cast, as_)
    path = link()
    Invitation.objects.update(**{column: timezone.now()})
    assert Client().get(path).status_code == 404
    assert Client().post(f"{path}register/", ACCOUNT).status_code == 404
    assert not User.objects.filter(email=NEW).exists()


def test_a_link_is_good_for_seven_days(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    invitation = Invitation.objects.get()
    assert abs(invitation.expires - invitation.created - timedelta(days=7)) < timedelta(minutes=1)


def test_somebody_else_cannot_use_the_link(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    path, client = link(), as_(cast.stranger)
    assert f"You are signed in as {cast.stranger.email}." in page(client.get(path))
    answer = client.post(f"{path}accept/")
    assert (answer.status_code, "sent to another address" in page(answer)) == (422, True)
    assert role_of(cast.stranger.email) == ""


def test_a_link_sets_no_password_of_somebody_who_has_one(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_, cast.stranger.email)
    answer = Client().post(f"{link()}register/", ACCOUNT)
    assert (answer.status_code, "has an account by now" in page(answer)) == (422, True)
    cast.stranger.refresh_from_db()
    assert cast.stranger.check_password(factories.PASSWORD)
    assert role_of(cast.stranger.email) == ""


def test_an_account_that_is_switched_off_stays_off(cast: factories.Cast, as_: As) -> None:
    User.objects.create_user(NEW, name="Nia", is_active=False)
    invite(cast, as_)
    assert Client().post(f"{link()}register/", ACCOUNT).status_code == 422
    assert role_of(NEW) == ""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"password1": "short", "password2": "short"}, "too short"),
        ({"password2": "another one again"}, "didn’t match"),
        ({"password1": "", "password2": ""}, "This field is required."),
        ({"name": ""}, "This field is required."),
        ({"name": "Ni\u202ea"}, "Leave out what cannot be seen"),
        ({"name": "x" * 81}, "at most 80 characters"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said(
    cast: factories.Cast, as_: As, wrong: dict[str, str], sentence: str
) -> None:
    invite(cast, as_)
    answer = Client().post(f"{link()}register/", {**ACCOUNT, **wrong})
    assert (answer.status_code, sentence in page(answer)) == (422, True)
    assert not User.objects.filter(email=NEW).exists()
    assert Invitation.objects.open().count() == 1


def test_an_address_has_one_open_invitation(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    answer = invite(cast, as_, NEW.upper())
    assert (answer.status_code, "has an invitation already" in page(answer)) == (422, True)
    assert (Invitation.objects.count(), len(mails.sent())) == (1, 1)


def test_an_invitation_that_expired_gives_way_to_another(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    Invitation.objects.update(expires=timezone.now())
    assert "is on its way" in page(invite(cast, as_))
    assert Invitation.objects.open().count() == 1


def test_the_list_shows_and_revokes_what_is_open(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    path, invitation = link(), Invitation.objects.get()
    shown = page(as_(cast.operator).get(PAGE))
    assert (NEW in shown, "/revoke/" in shown) == (True, False)
    url = f"{PAGE}invitations/{invitation.pk}/revoke/"
    assert url in page(as_(cast.admin).get(PAGE))
    assert "The invitation to nia@x.example was revoked." in page(as_(cast.admin).post(url, follow=True))
    assert Client().get(path).status_code == 404
    assert "accepted or revoked meanwhile" in page(as_(cast.admin).post(url))


def test_an_admin_cannot_revoke_the_invitation_of_an_owner(cast: factories.Cast, as_: As) -> None:
    as_(cast.owner).post(f"{PAGE}add/", {"email": NEW, "name": "Nia", "role": "owner"})
    url = f"{PAGE}invitations/{Invitation.objects.get().pk}/revoke/"
    assert url not in page(as_(cast.admin).get(PAGE))
    assert as_(cast.admin).post(url).status_code == 422
    assert Invitation.objects.open().count() == 1


def test_an_invitation_of_another_organization_is_not_found(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    url = f"/o/{cast.rival.slug}/members/invitations/{Invitation.objects.get().pk}/revoke/"
    assert as_(cast.stranger).post(url).status_code == 404
    assert Invitation.objects.open().count() == 1


def test_who_is_removed_leaves_no_open_invitation_behind(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    members.remove(member=cast.organization.members.get(user=cast.admin), by=None, actor=factories.ACTOR)
    assert not Invitation.objects.open().exists()
    assert AuditEntry.objects.latest("seq").after == {"invitationsRevoked": 1}


def test_invite_accept_and_revoke_are_in_the_audit_trail(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_, cast.stranger.email)
    as_(cast.stranger).post(f"{link()}accept/")
    invite(cast, as_)
    as_(cast.owner).post(f"{PAGE}invitations/{Invitation.objects.get(email=NEW).pk}/revoke/")
    acts = trail.entries().order_by("seq").values_list("actor", "action", "target_name")
    assert list(acts) == [
        (cast.admin.email, "member.invited", cast.stranger.email),
        (cast.stranger.email, "invitation.accepted", cast.stranger.email),
        (cast.admin.email, "member.invited", NEW),
        (cast.owner.email, "invitation.revoked", NEW),
    ]


def test_who_belongs_there_by_now_keeps_their_role_and_the_audit_trail_says_both(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_, cast.stranger.email, "admin")
    path = link()
    Member.objects.create(organization=cast.organization, user=cast.stranger, role=Role.VIEWER)
    joined = page(as_(cast.stranger).post(f"{path}accept/", follow=True))
    assert "You belonged to Kasi Legal already. You stay Viewer." in joined
    entry = AuditEntry.objects.get(action="invitation.accepted")
    assert (entry.before, entry.after) == ({"role": "viewer"}, {"role": "viewer", "roleAsked": "admin"})
    assert not Invitation.objects.open().exists()


def test_the_token_is_nowhere_in_the_database(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_)
    token = link().split("/")[2]
    stored = str(list(Invitation.objects.values())) + str(list(AuditEntry.objects.values()))
    assert token not in stored


def test_two_who_invite_one_address_at_once_send_one_invitation(cast: factories.Cast) -> None:
    people = [cast.organization.members.get(user=user) for user in (cast.owner, cast.admin)]
    both = [
        partial(
            changes.invite,
            organization=cast.organization,
            email=NEW,
            name="Nia",
            role=Role.VIEWER,
            by=by,
            actor=audit.Actor.person(by.user),
        )
        for by in people
    ]
    done = at_once(*[or_error(each) for each in both])
    assert [each.code for each in done if isinstance(each, Refused)] == ["already_invited"]
    assert Invitation.objects.count() == 1


def test_a_link_opened_twice_at_once_joins_once(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_, cast.stranger.email)
    invitation = Invitation.objects.get()
    accept = partial(changes.accept, invitation=invitation, user=cast.stranger, actor=audit.Actor.person(cast.stranger))
    done = at_once(*[or_error(accept)] * 3)
    assert [each.code for each in done if isinstance(each, Refused)] == ["invitation_over"] * 2
    assert cast.stranger.memberships.filter(organization=cast.organization).count() == 1


def test_an_invitation_ends_with_the_rights_of_whoever_sent_it(cast: factories.Cast, as_: As) -> None:
    invite(cast, as_, cast.stranger.email, "admin")
    Member.objects.filter(user=cast.admin).update(role=Role.VIEWER)
    answer = as_(cast.stranger).post(f"{link()}accept/")
    assert "may not give this role any more" in page(answer)
    assert role_of(cast.stranger.email) == ""
