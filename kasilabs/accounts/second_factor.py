"""TOTP and recovery seeds, sealed at rest: whoever reads the database does not own everybody's second factor."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet

from kasilabs.accounts import keyring


class SealedAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Seal what allauth stores, under a key of the platform that `rotate_keys` re-seals with the others.

    allauth asks without naming the row, so the values are not bound to theirs.
    """

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()


def _box() -> Fernet:
    key = keyring.platform_key(keyring.Purpose.SECOND_FACTOR)
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(key).digest()))
