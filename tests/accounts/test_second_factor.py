import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from cryptography.fernet import InvalidToken
from django.test import Client

from kasilabs.accounts import keyring
from kasilabs.accounts.models import StoredKey
from kasilabs.accounts.second_factor import MfaAdapter
from tests.support import factories
from tests.support.visits import As, page


def test_the_seed_of_a_second_factor_is_sealed_and_still_checks_codes(db: None) -> None:
    seed = generate_totp_secret()
    totp = TOTP.activate(factories.user(), seed)
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
    counter = next(iter(yield_hotp_counters_from_time()))
    assert seed not in stored
    assert totp.validate_code(format_hotp_value(hotp_value(seed, counter)))


def test_the_seed_of_recovery_codes_is_sealed_and_still_makes_the_same_codes(db: None) -> None:
    codes = RecoveryCodes.activate(factories.user())
    assert codes.generate_codes() == codes.generate_codes()
    assert Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).data["seed"].startswith("gAAAA")


def test_another_platform_key_does_not_open_a_seed(db: None) -> None:
    sealed = MfaAdapter().encrypt("seed")
    StoredKey.objects.all().delete()
    keyring.clear_cache()
    with pytest.raises(InvalidToken):
        MfaAdapter().decrypt(sealed)


def code_of(seed: str) -> str:
    return str(format_hotp_value(hotp_value(seed, next(iter(yield_hotp_counters_from_time())))))


@pytest.mark.django_db(transaction=True)
def test_somebody_turns_it_on_signs_in_with_it_and_turns_it_off() -> None:
    client, cast = Client(), factories.cast()
    sign_in = {"login": cast.owner.email, "password": factories.PASSWORD}
    client.post("/accounts/login/", sign_in)
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    shown = page(client.get("/accounts/2fa/totp/activate/"))
    seed = shown.split('id="authenticator_secret" tabindex="0">')[1].split("<")[0]
    assert "This code is wrong or used up." in page(client.post("/accounts/2fa/totp/activate/", {"code": "000000"}))
    codes = page(client.post("/accounts/2fa/totp/activate/", {"code": code_of(seed)}, follow=True))
    assert "The second factor is on. Store the recovery codes now." in codes
    assert "10 of 10 left" in codes
    recovery_code = codes.split('id="recovery_codes" tabindex="0">')[1][:8]

    client = Client()
    assert client.post("/accounts/login/", sign_in)["Location"].startswith("/accounts/2fa/authenticate/")
    assert "Enter the code" in page(client.get("/accounts/2fa/authenticate/"))
    assert client.post("/accounts/2fa/authenticate/", {"code": recovery_code})["Location"] == "/"
    client.post("/accounts/reauthenticate/", {"password": factories.PASSWORD})
    assert "9 left" in page(client.get("/accounts/2fa/"))
    assert "The 9 codes you have left stop working at once." in page(
        client.get("/accounts/2fa/recovery-codes/generate/")
    )
    assert "The second factor is off." in page(client.post("/accounts/2fa/totp/deactivate/", follow=True))
    assert not Authenticator.objects.exists()


def test_no_page_about_it_speaks_in_the_words_of_the_library(cast: factories.Cast, as_: As) -> None:
    codes = RecoveryCodes.activate(cast.owner)
    TOTP.activate(cast.owner, generate_totp_secret())
    client = as_(cast.owner)
    client.post("/accounts/2fa/reauthenticate/", {"code": codes.generate_codes()[0]})
    paths = ("", "reauthenticate/", "totp/deactivate/", "recovery-codes/", "recovery-codes/generate/")
    shown = " ".join(page(client.get(f"/accounts/2fa/{path}")) for path in paths)
    assert [word for word in ("uthenticat", "Two-", "MFA") if word in re.sub("<[^>]*>", "", shown)] == []
