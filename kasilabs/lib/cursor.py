"""Opaque keyset cursors: signed, and bound to the filter they were made under.

A cursor of one filter does not fit another one, so that a copied link can never skip rows silently. It stands in every
row of a list, so it is short: the position and half an HMAC-SHA256 over it and the filter, 43 characters.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from uuid import UUID

from django.utils.crypto import salted_hmac

SALT = "kasilabs.cursor"
POSITION_BYTES = MAC_BYTES = 16


class BadCursor(Exception):
    """The cursor is not ours or belongs to another filter."""


def _mac(position: bytes, filters: Mapping[str, str]) -> bytes:
    text = "\n".join(f"{len(value)}:{name}={value}" for name, value in sorted(filters.items()))
    return salted_hmac(SALT, position + text.encode(), algorithm="sha256").digest()[:MAC_BYTES]


def write(position: UUID, filters: Mapping[str, str]) -> str:
    """Return the cursor that continues after the row with the id `position`."""
    raw = position.bytes + _mac(position.bytes, filters)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(cursor: str, filters: Mapping[str, str]) -> UUID:
    """Return the row id a cursor continues after. Raises BadCursor."""
    try:
        raw = base64.b64decode(cursor + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadCursor("This is no link to a page.") from None
    position = raw[:POSITION_BYTES]
    if len(position) < POSITION_BYTES or not hmac.compare_digest(raw[POSITION_BYTES:], _mac(position, filters)):
        raise BadCursor("This link belongs to another list.")
    return UUID(bytes=position)
