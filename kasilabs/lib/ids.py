"""Identifiers: UUIDv7 inside, prefix + 26 Crockford base32 characters outside (contracts, opening paragraph)."""

import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = (1 << 48) - 1
_BODY = re.compile(rf"[0-7][{ALPHABET}]{{25}}")


class Prefix(StrEnum):
    """What a public id names."""

    ORGANIZATION = "org"
    INSTANCE = "wa"
    PLUGIN = "plg"
    INSTALLATION = "ins"
    CALL = "call"


def uuid7() -> UUID:
    """Return a time-ordered random UUID (RFC 9562, section 5.7): 48 bits of Unix milliseconds, 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    random = secrets.randbits(74)
    high = (milliseconds << 16) | (7 << 12) | (random >> 62)
    low = (0b10 << 62) | (random & ((1 << 62) - 1))
    return UUID(int=(high << 64) | low)


def uuid7_floor(moment: datetime) -> UUID:
    """Return the smallest UUID of the millisecond of `moment`: every UUIDv7 made from then on is at least as large.

    A time range becomes a range of primary keys this way. A moment beyond the 48 bits of RFC 9562 becomes the last.
    """
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=min(max(milliseconds, 0), _LATEST) << 80)


@lru_cache(maxsize=4096)
def encode(prefix: Prefix, value: UUID) -> str:
    """Return the public id of `value`, such as ``org_01jd…``."""
    number, letters = value.int, []
    for _ in range(LENGTH):
        number, digit = divmod(number, 32)
        letters.append(ALPHABET[digit])
    return f"{prefix}_{''.join(reversed(letters))}"


def decode(prefix: Prefix, text: str) -> UUID | None:
    """Return the UUID behind a public id of this kind, or None when `text` is not one."""
    head, _, body = text.partition("_")
    if head != prefix or not _BODY.fullmatch(body):
        return None
    number = 0
    for letter in body:
        number = number * 32 + _VALUE[letter]
    return UUID(int=number)
