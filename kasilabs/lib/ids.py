"""Identifiers: UUIDv7 in the database, TypeID outside.

A public id is a TypeID (https://github.com/jetify-com/typeid, specification 0.3): a type prefix, an underscore, and
the 128 bits of the UUID as 26 characters of Crockford's base32 in lower case, as in ``org_01jd…``. Integer primary
keys never leave the database.
"""

import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32: no i, l, o and u."""

_SUFFIX = re.compile(rf"[0-7][{ALPHABET}]{{25}}")
"""26 characters carry 130 bits, so the first one is at most 7."""

_TO_PYTHON = str.maketrans(ALPHABET, "0123456789abcdefghijklmnopqrstuv")
"""From Crockford's digits to those that ``int(…, 32)`` reads."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = (1 << 48) - 1


class Prefix(StrEnum):
    """What a public id names."""

    ORGANIZATION = "org"
    INSTANCE = "wa"
    PLUGIN = "plg"
    INSTALLATION = "ins"
    CALL = "call"
    BRIDGE_CALL = "brc"
    JOB = "job"
    PAYMENT = "pay"
    REFUND = "rfd"
    ORDER = "ord"
    AFTER_SALE_REQUEST = "asr"
    ESCALATION = "esc"


def uuid7() -> UUID:
    """Returns a time-ordered random UUID (RFC 9562, section 5.7): 48 bits of Unix milliseconds, 62 random bits.

    Between them are 12 bits of the fraction of the millisecond (section 6.2, method 3): what one thread makes one after
    the other stays in order.
    """
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
    high = (milliseconds << 16) | (7 << 12) | ((nanoseconds << 12) // 1_000_000)
    low = (0b10 << 62) | secrets.randbits(62)
    return UUID(int=(high << 64) | low)


def uuid7_floor(moment: datetime) -> UUID:
    """Returns the smallest UUID of the millisecond of `moment`: every UUIDv7 made from then on is at least as large.

    So a time range is a range of primary keys. A moment outside the 48 bits becomes the first or the last one inside.
    """
    milliseconds = (moment - _EPOCH) // timedelta(milliseconds=1)
    return UUID(int=min(max(milliseconds, 0), _LAST_MILLISECOND) << 80)


@lru_cache(maxsize=4096)
def encode(prefix: Prefix, value: UUID) -> str:
    """Returns the TypeID of a UUID."""
    digits = "".join(ALPHABET[(value.int >> shift) & 31] for shift in range(125, -1, -5))
    return f"{prefix}_{digits}"


def decode(prefix: Prefix, text: str) -> UUID | None:
    """Returns the UUID of a TypeID with this prefix, or None when `text` is not one."""
    head, _, suffix = text.partition("_")
    if head != prefix or not _SUFFIX.fullmatch(suffix):
        return None
    return UUID(int=int(suffix.translate(_TO_PYTHON), 32))
