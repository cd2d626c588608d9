"""The seeds of TOTP and recovery codes, sealed: who reads the database does not get everybody's second factor."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import keyring


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seals what allauth stores with a key of the platform, which `rotate_keys` seals again with the others.

    allauth asks without naming the row, so the values are not bound to theirs.
    """

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "add_email_blocked": _("Turn the second factor off before you change the address you sign in with."),
        "incorrect_code": _("This code is wrong or used up. Enter the one that is shown now."),
        "unverified_email": _("Confirm your new email address before you turn the second factor on."),
    }

    def encrypt(self, text: str) -> str:
        return _fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _fernet().decrypt(encrypted_text.encode()).decode()


def _fernet() -> Fernet:
    key = keyring.platform_key(keyring.Purpose.SECOND_FACTOR)
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key).digest()))
