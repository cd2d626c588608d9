"""Who may open what, complete by construction: every view of the URL map is in these tests, also the ones to come."""

from dataclasses import dataclass
from urllib.parse import quote

import pytest
from django.test import Client

from kasilabs.accounts.access import Policy
from kasilabs.accounts.models import AuditEntry
from kasilabs.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from tests.support import factories
from tests.support.url_map import Route, routes
from tests.support.visits import As, page

SIGN_IN = "/accounts/login/"

OPEN, SIGNED_IN = "open", "signed in"
THIRD_PARTY = {
    "account_login": (OPEN, "Signing in."),
    "account_logout": (OPEN, "Ends a session; without one it leads to sign-in."),
    "account_inactive": (OPEN, "Says that an account is switched off."),
    "account_signup": (OPEN, "Says who adds people; it makes no account."),
    "account_reauthenticate": (SIGNED_IN, "The password again before a dangerous act."),
    "account_email": (SIGNED_IN, "One's own address; a new one counts once its link was opened."),
    "account_email_verification_sent": (OPEN, "Says that a link is on its way."),
    "account_confirm_email": (OPEN, "The link in the mail is the proof."),
    "account_change_password": (SIGNED_IN, "One's own password."),
    "account_set_password": (SIGNED_IN, "One's own first password."),
    "account_reset_password": (OPEN, "Asks for a link; reads the same for every address."),
    "account_reset_password_done": (OPEN, "Says that a link is on its way."),
    "account_reset_password_from_key": (OPEN, "The link in the mail is the proof."),
    "account_reset_password_from_key_done": (OPEN, "Says that the password was set."),
    "account_confirm_login_code": (OPEN, "Part of signing in; without one under way it leads to sign-in."),
    "mfa_authenticate": (OPEN, "The second step of signing in; without a first it leads to sign-in."),
    "mfa_reauthenticate": (SIGNED_IN, "The second factor again before a dangerous act."),
    "mfa_index": (SIGNED_IN, "One's own second factors."),
    "mfa_activate_totp": (SIGNED_IN, "One's own second factors."),
    "mfa_deactivate_totp": (SIGNED_IN, "One's own second factors."),
    "mfa_view_recovery_codes": (SIGNED_IN, "One's own second factors."),
    "mfa_generate_recovery_codes": (SIGNED_IN, "One's own second factors."),
    "mfa_download_recovery_codes": (SIGNED_IN, "One's own second factors."),
}

ALL = routes()
FOREIGN = [route for route in ALL if route.view.__module__.startswith("allauth.")]
OURS = [route for route in ALL if route not in FOREIGN]


def of_kind(kind: str) -> list[Route]:
    return [route for route in OURS if route.policy and route.policy.kind == kind]


@dataclass(frozen=True)
class Case:
    """A view inside the organization of the cast, with its address, its methods and who may open it."""

    url: str
    methods: list[str]
    permission: Permission


@pytest.fixture
def case(request: pytest.FixtureRequest, cast: factories.Cast, as_: As) -> Case:
    route: Route = request.param
    assert route.policy
    assert route.policy.permission
    number = factories.number(cast.organization)
    url = route.url(org=cast.organization.slug, number=number.public_id, person=cast.viewer.id)
    return Case(url, route.methods(as_(cast.owner), url), route.policy.permission)


each_member_view = pytest.mark.parametrize("case", of_kind("member"), indirect=True, ids=str)


def held(case: Case) -> list[Role]:
    return [role for role in Role if case.permission in ROLE_PERMISSIONS[role]]


def sign_in_for(url: str) -> str:
    return f"{SIGN_IN}?next={quote(url)}"


@pytest.mark.parametrize("route", OURS, ids=str)
def test_every_view_of_ours_states_its_policy(route: Route) -> None:
    assert isinstance(route.policy, Policy)
    assert (route.policy.kind == "member") == route.path.startswith("o/<slug:org>/")
    assert route.policy.permission or len(route.policy.reason) > 10


def test_every_view_of_others_is_in_the_table() -> None:
    assert {route.name for route in FOREIGN} == set(THIRD_PARTY)


@pytest.mark.parametrize("route", FOREIGN, ids=str)
def test_views_of_others_are_as_open_as_the_table_says(route: Route, db: None) -> None:
    url = route.url()
    answer = Client().get(url)
    is_led_to_sign_in = answer.headers.get("Location") == sign_in_for(url)
    assert is_led_to_sign_in == (THIRD_PARTY[route.name][0] == SIGNED_IN)
    assert answer.status_code < 500


@each_member_view
def test_who_holds_the_permission_gets_in(case: Case, cast: factories.Cast, as_: As) -> None:
    for role in held(case):
        answer = as_(getattr(cast, role.value)).generic(case.methods[0], case.url)
        assert answer.status_code != 403, role
        assert answer.status_code < 500, role
        assert not answer.headers.get("Location", "").startswith(SIGN_IN), role


@each_member_view
def test_who_lacks_the_permission_is_told_its_name(case: Case, cast: factories.Cast, as_: As) -> None:
    for role in set(Role) - set(held(case)):
        for method in case.methods:
            answer = as_(getattr(cast, role.value)).generic(method, case.url)
            assert answer.status_code == 403, (role, method)
            assert case.permission.value in page(answer), (role, method)
    assert AuditEntry.objects.count() == 0


@each_member_view
def test_a_withdrawn_permission_closes_the_view_to_an_owner(case: Case, cast: factories.Cast, as_: As) -> None:
    cast.organization.members.filter(user=cast.owner).update(withdrawn=[case.permission.value])
    assert as_(cast.owner).generic(case.methods[0], case.url).status_code == 403


@each_member_view
def test_strangers_and_reviewers_find_nothing(case: Case, cast: factories.Cast, as_: As) -> None:
    for person in (cast.stranger, cast.reviewer):
        for method in case.methods:
            assert as_(person).generic(method, case.url).status_code == 404, (person, method)
    assert AuditEntry.objects.count() == 0


@each_member_view
def test_nobody_signed_in_is_led_to_sign_in_and_back_to_a_page(case: Case, cast: factories.Cast, as_: As) -> None:
    for method in case.methods:
        answer = Client().generic(method, case.url)
        page = answer["Location"].removeprefix(sign_in_for(""))
        assert (answer.status_code, answer["Location"]) == (302, sign_in_for(page)), method
        assert case.url.startswith(page), method
        assert (page == case.url) == ("GET" in case.methods), method
        assert as_(cast.owner).get(page).status_code != 405, method


@each_member_view
def test_an_organization_that_is_not_there_reads_like_one_of_others(case: Case, cast: factories.Cast, as_: As) -> None:
    url = case.url.replace("/o/kasi-legal/", "/o/no-such-organization/")
    assert as_(cast.owner).generic(case.methods[0], url).status_code == 404


POSTS = {"demo_sign_in", "notices:read", "notices:read_all", "notices:choose_mails"}
POSTS |= {"invitations:accept", "invitations:register", "platform_dead_letters:retry"}
"""Views for people that take a POST alone: their own tests have what they do."""
PERSON_PAGES = [route for route in of_kind("person") if route.name not in POSTS]
OPEN_PAGES = [route for route in of_kind("open") if route.name not in POSTS]


@pytest.mark.parametrize("route", PERSON_PAGES, ids=str)
def test_pages_for_everybody_signed_in_are_closed_to_others(route: Route, cast: factories.Cast, as_: As) -> None:
    assert Client().get(route.url())["Location"] == sign_in_for(route.url())
    assert as_(cast.reviewer).get(route.url()).status_code == 200


STAFF = of_kind("staff")


@pytest.mark.parametrize("route", STAFF, ids=str)
def test_what_is_the_platforms_own_is_there_for_its_staff_alone(route: Route, cast: factories.Cast, as_: As) -> None:
    method = "POST" if route.name in POSTS else "GET"
    for person in (cast.owner, cast.stranger):
        assert as_(person).generic(method, route.url()).status_code == 404
    assert as_(cast.reviewer).generic(method, route.url()).status_code == (404 if method == "POST" else 200)
    assert Client().generic(method, route.url())["Location"].startswith(sign_in_for(""))
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize("route", [*of_kind("open"), *of_kind("person"), *STAFF], ids=str)
def test_other_pages_take_no_wrong_method(route: Route, cast: factories.Cast, as_: As) -> None:
    assert route.methods(as_(cast.owner), route.url()) == ["POST" if route.name in POSTS else "GET"]


@pytest.mark.parametrize("route", [route for route in of_kind("person") if route.name in POSTS], ids=str)
def test_what_a_person_may_post_is_closed_to_others(route: Route, db: None) -> None:
    assert Client().post(route.url())["Location"].startswith(sign_in_for(""))


@pytest.mark.parametrize("route", OPEN_PAGES, ids=str)
def test_open_pages_need_no_session(route: Route, db: None) -> None:
    assert Client().get(route.url()).status_code == (404 if route.name == "invitations:show" else 200)


@pytest.mark.parametrize("route", of_kind("machine"), ids=str)
def test_machines_get_a_problem_and_never_a_form(route: Route, db: None) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = Client(enforce_csrf_checks=True).generic(method, route.url())
        assert 400 <= answer.status_code <= 405, method
        assert answer["Content-Type"] == "application/problem+json", method
