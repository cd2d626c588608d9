import pytest
from pytest_django import DjangoAssertNumQueries

from kasilabs.accounts.models import AuditEntry, Member, User
from kasilabs.accounts.permissions import Role
from tests.support import factories
from tests.support.visits import As, hidden_fields, page

PAGE = "/o/kasi-legal/members/"
TYPED = {"email": "nia@x.example", "name": "Nia <b>", "role": "viewer"}


def role_of(person: User) -> str:
    return Member.objects.get(user=person, organization__slug="kasi-legal").role


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"email": "not an address"}, "Enter a valid email address."),
        ({"email": ""}, "This field is required."),
        ({"name": "x" * 81}, "at most 80 characters"),
        ({"name": "nul\0"}, "Null characters are not allowed."),
        ({"name": "Ni\u202ea"}, "Leave out what cannot be seen: U+202E right-to-left override."),
        ({"role": "owner"}, "is not one of the available choices"),
        ({"role": "emperor"}, "is not one of the available choices"),
        ({"email": "viewer@kasi-legal.example"}, "This person already belongs to the organization."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    cast: factories.Cast, as_: As, wrong: dict[str, str], sentence: str
) -> None:
    before = Member.objects.count()
    answer = as_(cast.admin).post(f"{PAGE}add/", {**TYPED, **wrong})
    assert answer.status_code == 422
    assert sentence in page(answer)
    assert ("nia@x.example" in page(answer)) == ("email" not in wrong)
    assert (Member.objects.count(), AuditEntry.objects.count()) == (before, 0)


def test_a_role_is_changed_in_the_table(cast: factories.Cast, as_: As) -> None:
    typed = {f"{cast.viewer.id.hex}-role": "operator"}
    answer = as_(cast.owner).post(f"{PAGE}{cast.viewer.id}/role/", typed, follow=True)
    assert "The role of Viewer is now Operator." in page(answer)
    assert role_of(cast.viewer) == "operator"


def test_a_role_that_somebody_else_gave_meanwhile_stays(cast: factories.Cast, as_: As) -> None:
    owner, url = as_(cast.owner), f"{PAGE}{cast.viewer.id}/role/"
    opened = hidden_fields(owner.get(PAGE))
    Member.objects.filter(user=cast.viewer).update(role=Role.ADMIN)
    answer = owner.post(url, {**opened, f"{cast.viewer.id.hex}-role": "operator"})
    assert answer.status_code == 409
    assert "The page said Viewer, and now it is Admin." in page(answer)
    assert role_of(cast.viewer) == "admin"
    owner.post(url, {**hidden_fields(answer), f"{cast.viewer.id.hex}-role": "operator"})
    assert role_of(cast.viewer) == "operator"


def test_nobody_is_removed_in_a_role_that_the_page_did_not_name(cast: factories.Cast, as_: As) -> None:
    owner, url = as_(cast.owner), f"{PAGE}{cast.viewer.id}/remove/"
    opened = hidden_fields(owner.get(url))
    Member.objects.filter(user=cast.viewer).update(role=Role.ADMIN)
    answer = owner.post(url, opened)
    assert answer.status_code == 409
    assert "The page said Viewer, and now it is Admin." in page(answer)
    assert role_of(cast.viewer) == "admin"


@pytest.mark.parametrize("role", ["emperor", "", "owner"])
def test_a_role_that_cannot_be_given_changes_nothing(cast: factories.Cast, as_: As, role: str) -> None:
    answer = as_(cast.admin).post(f"{PAGE}{cast.viewer.id}/role/", {f"{cast.viewer.id.hex}-role": role})
    assert answer.status_code == 422
    assert "Nothing was changed." in page(answer)
    assert role_of(cast.viewer) == "viewer"


def test_removing_asks_first(cast: factories.Cast, as_: As) -> None:
    client, url = as_(cast.admin), f"{PAGE}{cast.viewer.id}/remove/"
    assert "Remove Viewer from Kasi Legal?" in page(client.get(url))
    assert role_of(cast.viewer) == "viewer"
    assert client.post(url)["Location"] == PAGE
    assert not cast.viewer.memberships.exists()
    assert as_(cast.viewer).get("/o/kasi-legal/numbers/").status_code == 404


def test_who_leaves_is_led_out(cast: factories.Cast, as_: As) -> None:
    client, url = as_(cast.admin), f"{PAGE}{cast.admin.id}/remove/"
    assert "Leave Kasi Legal?" in page(client.get(url))
    assert client.post(url)["Location"] == "/"
    assert client.get(PAGE).status_code == 404


def test_an_owner_is_beyond_an_admin(cast: factories.Cast, as_: As) -> None:
    client = as_(cast.admin)
    assert f"{cast.owner.id}/role/" not in page(client.get(PAGE))
    assert client.post(f"{PAGE}{cast.owner.id}/role/", {f"{cast.owner.id.hex}-role": "viewer"}).status_code == 422
    assert client.post(f"{PAGE}{cast.owner.id}/remove/").status_code == 422
    assert role_of(cast.owner) == "owner"


def test_people_of_other_organizations_are_not_found(cast: factories.Cast, as_: As) -> None:
    client = as_(cast.owner)
    assert client.post(f"{PAGE}{cast.stranger.id}/role/", {f"{cast.stranger.id.hex}-role": "viewer"}).status_code == 404
    assert client.post(f"{PAGE}{cast.stranger.id}/remove/").status_code == 404
    assert cast.stranger.memberships.get().role == "owner"


def test_an_operator_reads_and_gets_no_form(cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.operator).get(PAGE))
    assert cast.viewer.email in shown
    assert [word for word in ("/role/", "/remove/", "members/add/") if word in shown] == []


def test_a_member_who_may_not_is_told_who_may(cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.operator).post(f"{PAGE}add/", TYPED))
    assert "You may not add people and change their roles" in shown
    assert "Owner, Admin: Owner, Admin" in shown
    assert "Change something at /o/kasi-legal/members/add/" in shown


@pytest.mark.parametrize("rows", [10, 1000])
def test_the_page_costs_the_same_for_ten_and_a_thousand(
    cast: factories.Cast, as_: As, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = User.objects.bulk_create(User(email=f"p{n}@x.example", name=f"P{n}", password="!") for n in range(rows))
    Member.objects.bulk_create(Member(organization=cast.organization, user=p, role=Role.VIEWER) for p in people)
    client = as_(cast.owner)
    with django_assert_num_queries(6):  # session, user, membership; side bar, members, invitations
        assert client.get(PAGE).status_code == 200
