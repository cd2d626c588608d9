"""HMAC-SHA256 as hexadecimal text."""

import hmac

from django.utils.crypto import constant_time_compare


def fingerprint(key: bytes, text: str) -> str:
    """Returns the HMAC-SHA256 of a text, lower-case hex."""
    return hmac.digest(key, text.encode(), "sha256").hex()


same = constant_time_compare
