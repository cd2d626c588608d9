"""AES-256-GCM with the key id in the value and the place of the value in the associated data (NIST SP 800-38D).

A value reads ``v1.<key id>.<base64url of nonce, ciphertext and tag>``. The associated data names table, column and
row, so that a value copied into another row does not open there. Keys come from the setting ENCRYPTION_KEYS and are
never derived from anything else.
"""

import base64
import binascii
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

VERSION = "v1"
NONCE_BYTES = 12
KEY_BYTES = 32
_KEY_ID = re.compile(r"[a-z0-9-]{1,16}")


class CannotOpen(Exception):
    """A stored value cannot be opened: its key is gone, or it was changed or moved. A state, never a value."""


@dataclass(frozen=True)
class Keyset:
    """The configured keys; the primary one encrypts, all of them decrypt."""

    primary: str
    ciphers: dict[str, AESGCM]


@lru_cache(maxsize=8)
def parse_keys(text: str) -> Keyset:
    """Reads ``k2:<base64>,k1:<base64>``; the first key encrypts.

    Raises ValueError with a sentence that never repeats key material.
    """
    ciphers: dict[str, AESGCM] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, separator, encoded = entry.partition(":")
        if not separator or not _KEY_ID.fullmatch(key_id):
            raise ValueError("each key is written as id:base64, the id in small letters, digits and hyphens")
        if key_id in ciphers:
            raise ValueError(f"the key id {key_id} stands twice")
        ciphers[key_id] = AESGCM(_key_bytes(key_id, encoded))
    if not ciphers:
        raise ValueError("there is no key")
    return Keyset(primary=next(iter(ciphers)), ciphers=ciphers)


def _key_bytes(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError(f"the key {key_id} is not base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key {key_id} has {len(key)} bytes and needs {KEY_BYTES}")
    return key


def make_key(key_id: str) -> str:
    """Returns a new random key in the form of the setting."""
    return f"{key_id}:{base64.b64encode(os.urandom(KEY_BYTES)).decode()}"


def encrypt(plaintext: str, place: Sequence[str]) -> str:
    """Encrypts with the primary key; only the same `place` opens the value again."""
    keys = parse_keys(settings.ENCRYPTION_KEYS)
    nonce = os.urandom(NONCE_BYTES)
    sealed = keys.ciphers[keys.primary].encrypt(nonce, plaintext.encode(), _associated(keys.primary, place))
    return f"{VERSION}.{keys.primary}.{base64.urlsafe_b64encode(nonce + sealed).decode().rstrip('=')}"


def decrypt(value: str, place: Sequence[str]) -> str:
    """Opens a value that `encrypt` made at the same place. Raises CannotOpen."""
    version, _, rest = value.partition(".")
    key_id, _, body = rest.partition(".")
    cipher = parse_keys(settings.ENCRYPTION_KEYS).ciphers.get(key_id)
    if version != VERSION or cipher is None:
        raise CannotOpen(f"no key {key_id!r}")
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _associated(key_id, place)).decode()
    except (InvalidTag, ValueError):
        raise CannotOpen("the value was changed or belongs elsewhere") from None


def primary_key_id() -> str:
    """Returns the id of the key that encrypts now."""
    return parse_keys(settings.ENCRYPTION_KEYS).primary


def _associated(key_id: str, place: Sequence[str]) -> bytes:
    parts = [part.encode() for part in (VERSION, key_id, *place)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
