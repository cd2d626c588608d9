import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from kasilabs.accounts.models import User
from tests import make
from tests.visits import As

TOTP, INSIDE = "/accounts/2fa/totp/activate/", "/o/kasi-legal/numbers/"
SECONDS_PER_CODE = 30
pytestmark = pytest.mark.usefixtures("empty_cache")


def code_for(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // SECONDS_PER_CODE)))


def turn_on(client: Client) -> str:
    """Turn a second factor on and return its secret; a code used for that is forgotten, as if time had passed."""
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})
    secret = str(client.get(TOTP).context["form"].secret)
    client.post(TOTP, {"code": code_for(secret)})
    cache.clear()
    return secret


def begin(person: User) -> Client:
    client = Client()
    answer = client.post("/accounts/login/", {"login": person.email, "password": make.PASSWORD})
    assert answer["Location"].startswith("/accounts/2fa/authenticate/")
    return client


def test_a_second_factor_is_turned_on_with_a_code_of_it(cast: make.Cast, as_: As) -> None:
    client = as_(cast.viewer)
    turn_on(client)
    kinds = set(Authenticator.objects.filter(user=cast.viewer).values_list("type", flat=True))
    assert kinds == {"totp", "recovery_codes"}
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200


def test_the_password_alone_opens_nothing_then(cast: make.Cast, as_: As) -> None:
    turn_on(as_(cast.viewer))
    client = begin(cast.viewer)
    assert client.get(INSIDE).status_code == 302
    assert client.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert client.get(INSIDE).status_code == 302


def test_a_code_signs_in_once(cast: make.Cast, as_: As) -> None:
    secret = turn_on(as_(cast.viewer))
    first, second, code = begin(cast.viewer), begin(cast.viewer), code_for(secret)
    assert first.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert first.get(INSIDE).status_code == 200
    assert second.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 200


@pytest.mark.parametrize("page", ["", "totp/activate/", "recovery-codes/"])
def test_the_pages_are_shown_under_the_strict_policy(cast: make.Cast, as_: As, page: str) -> None:
    client = as_(cast.viewer)
    if page != "totp/activate/":
        turn_on(client)
    client.post("/accounts/reauthenticate/", {"password": make.PASSWORD})
    answer = client.get(f"/accounts/2fa/{page}")
    assert answer.status_code == 200
    assert "style=" not in answer.content.decode()
    assert "unsafe-inline" not in answer["Content-Security-Policy"]
