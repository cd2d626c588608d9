"""Canonical JSON (RFC 8785, JCS): equal documents have equal bytes, and so equal digests."""

import hashlib
from typing import Any

import rfc8785


def dumps(document: Any) -> bytes:
    """Returns the canonical form. Raises ValueError for integers past 2^53-1, NaN, infinity and half surrogates."""
    return rfc8785.dumps(document)


def digest(document: Any) -> str:
    """Returns the lower-case hex SHA-256 of the canonical form. Raises ValueError as `dumps` does."""
    return hashlib.sha256(dumps(document)).hexdigest()
