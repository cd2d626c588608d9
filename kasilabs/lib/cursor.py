"""Opaque keyset cursors: signed, and bound to the filter they were made under.

A cursor of one filter does not fit another one, so that a copied link can never skip rows silently.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from django.core import signing

SALT = "kasilabs.cursor"


class BadCursor(Exception):
    """The cursor is not ours or belongs to another filter."""


def _binding(filters: Mapping[str, str]) -> str:
    text = "\n".join(f"{len(value)}:{name}={value}" for name, value in sorted(filters.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write(position: UUID, filters: Mapping[str, str]) -> str:
    """Return the cursor that continues after the row with the id `position`."""
    return signing.dumps([position.hex, _binding(filters)], salt=SALT)


def read(cursor: str, filters: Mapping[str, str]) -> UUID:
    """Return the row id a cursor continues after. Raises BadCursor."""
    try:
        position, binding = signing.loads(cursor, salt=SALT)
        if binding == _binding(filters):
            return UUID(position)
    except (signing.BadSignature, ValueError, TypeError):
        pass
    raise BadCursor("This link belongs to another list.")
