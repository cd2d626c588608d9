"""The buttons of the demo's sign-in page."""

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from kasilabs.accounts.models import User
from kasilabs.demo.scenario import KASI_LEGAL, PEOPLE, RIVAL_LAW
from tests.support import factories

SIGN_IN = "/accounts/demo/"
WANJIRU = KASI_LEGAL.people[0]


@pytest.fixture
def wanjiru(db: None) -> User:
    return factories.user(WANJIRU.email)


def signed_in(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_there_is_a_button_for_each_person(db: None) -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert "Wanjiru, owner" in page
    assert all(f'value="{person.email}"' in page for person in PEOPLE)


def test_a_button_signs_its_person_in_and_leads_where_they_wanted(wanjiru: User) -> None:
    client = Client()
    answer = client.post(SIGN_IN, {"email": WANJIRU.email, "next": "/accounts/email/"})
    assert (answer["Location"], signed_in(client)) == ("/accounts/email/", str(wanjiru.pk))


def test_a_second_factor_is_asked_for_here_as_well(wanjiru: User) -> None:
    TOTP.activate(wanjiru, generate_totp_secret())
    client = Client()
    answer = client.post(SIGN_IN, {"email": WANJIRU.email})
    assert (answer["Location"], signed_in(client)) == ("/accounts/2fa/authenticate/", None)


@pytest.mark.parametrize("email", ["owner@kasi-legal.example", RIVAL_LAW.people[0].email, ""])
def test_nobody_else_is_signed_in(cast: factories.Cast, email: str) -> None:
    client = Client()
    assert client.post(SIGN_IN, {"email": email}).status_code == 404
    assert signed_in(client) is None


def test_a_form_of_another_site_signs_nobody_in(wanjiru: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(SIGN_IN, {"email": WANJIRU.email}).status_code == 403
    assert signed_in(client) is None


def test_outside_the_demo_there_is_neither_button_nor_address(wanjiru: User, settings: Any) -> None:
    settings.DEMO = False
    client = Client()
    assert "This is a demo" not in client.get("/accounts/login/").content.decode()
    assert client.post(SIGN_IN, {"email": WANJIRU.email}).status_code == 404
    assert signed_in(client) is None


def test_another_machine_gets_neither_button_nor_address(wanjiru: User) -> None:
    client = Client(REMOTE_ADDR="192.0.2.7")
    assert WANJIRU.email not in client.get("/accounts/login/").content.decode()
    assert client.post(SIGN_IN, {"email": WANJIRU.email}).status_code == 404
