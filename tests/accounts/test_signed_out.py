"""A session that ends while a page is open, and what follows when its person goes on working on that page."""

from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from kasilabs.accounts.models import Member
from tests.support import factories
from tests.support.visits import As, page

ORIGIN = "http://testserver"
SIGN_IN, MEMBERS = "/accounts/login/", "/o/kasi-legal/members/"
UNSAVED = "Your last change was not saved, because you had been signed out."
OUT_OF_DATE = "Not done, because this page was out of date. Do it once more."
pytestmark = pytest.mark.usefixtures("empty_cache")


# Where an answer says what to open next: for a part of a page that htmx asks for, and for the form of a page.
PART, FORM = "HX-Redirect", "Location"


def sent_from(address: str, kind: str) -> dict[str, str]:
    """Return the headers that say from which page a part or a form is asked for."""
    return {"HX-Request": "true", "HX-Current-URL": address} if kind == PART else {"Referer": address}


def sign_in(client: Client, cast: factories.Cast, **more: str) -> Any:
    return client.post(SIGN_IN, {"login": cast.owner.email, "password": factories.PASSWORD, **more})


def csrf_token(client: Client, address: str) -> str:
    """Open a page and return the token in its form."""
    return str(client.get(address).context["csrf_token"])


def test_a_part_of_a_page_is_answered_with_a_redirect_of_the_whole_page(cast: factories.Cast) -> None:
    headers = sent_from(f"{ORIGIN}/o/kasi-legal/grants/?q=find", PART)
    answer = Client().get("/o/kasi-legal/logs/", headers=headers)
    assert answer.status_code == 200
    assert answer[PART] == f"{SIGN_IN}?next={quote('/o/kasi-legal/grants/?q=find')}"
    assert "unsaved" not in answer.cookies


@pytest.mark.parametrize("kind", [PART, FORM])
def test_what_was_sent_is_not_saved_and_said_after_signing_in(cast: factories.Cast, kind: str) -> None:
    client = Client()
    sent = client.post(f"{MEMBERS}add/", headers=sent_from(f"{ORIGIN}{MEMBERS}", kind))
    where = sent[kind]
    assert where == f"{SIGN_IN}?next={MEMBERS}"
    assert "your last change was not saved" in page(client.get(where))
    answer = sign_in(client, cast, next=MEMBERS)
    assert answer["Location"] == MEMBERS
    assert UNSAVED in page(client.get(MEMBERS))
    assert UNSAVED not in page(client.get(MEMBERS))
    assert "unsaved" not in client.cookies or not client.cookies["unsaved"].value


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        (f"{ORIGIN}/o/kasi-legal/logs/?q=dur%3E2s", "/o/kasi-legal/logs/?q=dur%3E2s"),
        (f"{ORIGIN}{MEMBERS}add/", MEMBERS),
        (f"{ORIGIN}/no/such/page/", "/"),
        (f"{ORIGIN}//evil.example/", MEMBERS),
        ("https://evil.example/o/kasi-legal/logs/", MEMBERS),
        ("javascript:alert(1)", MEMBERS),
        ("", MEMBERS),
    ],
)
@pytest.mark.parametrize("kind", [PART, FORM])
def test_the_way_back_is_always_a_page_of_ours(db: None, address: str, wanted: str, kind: str) -> None:
    answer = Client().post(f"{MEMBERS}add/", headers=sent_from(address, kind))
    assert answer[kind] == f"{SIGN_IN}?next={quote(wanted)}"


@pytest.mark.parametrize(
    "address",
    [
        f"{MEMBERS}add/",
        "//evil.example/",
        "https://evil.example/",
        "/no/such/page/",
        "/agent/v1/",
        "/healthz",
        "x",
        "?",
    ],
)
def test_signing_in_leads_to_no_address_that_cannot_be_opened(cast: factories.Cast, address: str) -> None:
    assert sign_in(Client(), cast, next=address)["Location"] == "/"


def test_signing_in_twice_in_two_tabs_lets_the_person_in(cast: factories.Cast) -> None:
    client = Client(enforce_csrf_checks=True)
    address = f"{SIGN_IN}?next={MEMBERS}"
    first, second = csrf_token(client, address), csrf_token(client, address)
    for token in (first, second):
        answer = client.post(
            SIGN_IN,
            {"login": cast.owner.email, "password": factories.PASSWORD, "next": MEMBERS, "csrfmiddlewaretoken": token},
            headers=sent_from(f"{ORIGIN}{address}", FORM),
            follow=True,
        )
        assert (answer.status_code, answer.request["PATH_INFO"]) == (200, MEMBERS)
    assert f"You are signed in as {cast.owner}." in page(answer)


@pytest.mark.parametrize("kind", [PART, FORM])
def test_a_form_from_before_signing_in_anew_leads_back_to_its_page(cast: factories.Cast, as_: As, kind: str) -> None:
    client = as_(cast.owner)
    client.handler.enforce_csrf_checks = True
    token = csrf_token(client, MEMBERS)
    client.force_login(cast.owner)
    client.cookies["csrftoken"] = "a" * 32
    form = {"email": "new@x.example", "name": "New", "role": "viewer", "csrfmiddlewaretoken": token}
    answer = client.post(f"{MEMBERS}add/", form, headers=sent_from(f"{ORIGIN}{MEMBERS}", kind))
    assert answer[kind] == MEMBERS
    assert OUT_OF_DATE in page(client.get(MEMBERS))
    assert not Member.objects.filter(user__email="new@x.example").exists()


def test_an_old_form_of_somebody_signed_out_leads_to_sign_in(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    token = csrf_token(client, SIGN_IN)
    client.cookies["csrftoken"] = "a" * 32
    form, headers = {"csrfmiddlewaretoken": token}, sent_from(f"{ORIGIN}{MEMBERS}", FORM)
    assert client.post(f"{MEMBERS}add/", form, headers=headers)["Location"] == f"{SIGN_IN}?next={MEMBERS}"


def test_a_browser_without_cookies_and_another_site_get_a_page(cast: factories.Cast, as_: As) -> None:
    client = Client(enforce_csrf_checks=True)
    no_cookie = client.post(SIGN_IN, {"login": cast.owner.email, "password": factories.PASSWORD})
    csrf_token(client, SIGN_IN)
    elsewhere = client.post(SIGN_IN, {}, headers={"Origin": "https://evil.example"})
    for answer in (no_cookie, elsewhere):
        assert answer.status_code == 403
        assert "The form has expired" in page(answer)
