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

from kasilabs.accounts import keyring
from kasilabs.accounts.models import StoredKey
from kasilabs.accounts.second_factor import MfaAdapter
from tests.support import factories


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
