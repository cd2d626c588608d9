"""Where `next` leads: to a page of ours that a GET opens, whatever stands in it, and to no fault."""

from urllib.parse import quote, urljoin, urlsplit

import pytest
from allauth.account.adapter import get_adapter
from allauth.core import context
from django.test import Client, RequestFactory
from hypothesis import example, given
from hypothesis import strategies as st

from kasilabs.accounts import sign_in
from tests.support import factories
from tests.support.visits import As

HOSTILE = [
    "http://[",
    "//[",
    "https://[::1",
    "http://\u2100.example/",
    "https://testserver:99999/",
    "//evil.example/",
    "///evil.example/",
    "\\\\evil.example",
    "/\\evil.example",
    "http:evil.example",
    "http:///evil.example",
    "//testserver@evil.example/",
    "http://testserver\\@evil.example/",
    "javascript:alert(1)",
    "java\nscript:alert(1)",
    "\tjavascript:alert(1)",
    "data:text/html,x",
    "\x00",
    "/\x00",
    "/%00",
    "/%ff",
    "/\u202e",
    "/../..//evil.example",
    "/" + "a" * 5000,
]
PAGES = [
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/signup/",
    "/accounts/reauthenticate/",
    "/accounts/logout/",
    "/accounts/password/change/",
    "/accounts/2fa/reauthenticate/",
]
PIECES = st.sampled_from(["http:", "//", "/", "\\", "[", "]", "@", "testserver", "evil.example", ":", "?", "#", "\n"])
ADDRESSES = st.lists(PIECES | st.text(max_size=4), max_size=6).map("".join)


@pytest.mark.parametrize("address", HOSTILE)
def test_signing_in_leads_home_from_an_address_that_is_not_ours(cast: factories.Cast, address: str) -> None:
    form = {"login": cast.owner.email, "password": factories.PASSWORD, "next": address}
    assert Client().post("/accounts/login/", form)["Location"] == "/"


@pytest.mark.parametrize("path", PAGES)
def test_no_page_about_an_account_fails_over_where_to_go_next(cast: factories.Cast, as_: As, path: str) -> None:
    for address in HOSTILE:
        for client in (Client(), as_(cast.owner)):
            answers = [client.get(f"{path}?next={quote(address)}"), client.post(path, {"next": address})]
            assert {answer.status_code for answer in answers} <= {200, 302, 429}
            assert not any("evil" in urlsplit(answer.get("Location", "")).path for answer in answers)


@given(address=ADDRESSES)
@example(address="http://[")
def test_every_address_is_a_page_of_ours_or_refused(address: str) -> None:
    request = RequestFactory().get("/")
    with context.request_context(request):
        is_safe = get_adapter().is_safe_url(address)
    if is_safe:
        leads_to = urljoin("http://testserver/", address.replace("\\", "/"))
        assert urlsplit(leads_to).netloc == "testserver"
        assert sign_in.opens_with_get(leads_to)
