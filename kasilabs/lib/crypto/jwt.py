"""Signed tokens: JWT with HS256 (RFC 7519, RFC 8725: one algorithm, explicit typ)."""

import base64
import hashlib
from typing import Any

import jwt

ALGORITHM = "HS256"
_UNREADABLE = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError)
"""What PyJWT raises for texts that somebody made up: besides its own errors, those of the JSON parser and of `int`."""

_SIGNATURE_ONLY: Any = {f"verify_{claim}": False for claim in ("exp", "iat", "nbf", "aud", "iss", "sub", "jti")}


class BadToken(Exception):
    """A token is not ours, not for this use, or not valid now. One exception for all causes."""


def digest(data: bytes) -> str:
    """Returns base64url SHA-256 without padding, as the claims `bsh`, `idk` and `cth` carry it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def sign(claims: dict[str, Any], *, key: bytes, kid: str, typ: str) -> str:
    """Returns the compact JWT with the header ``{alg, kid, typ}``."""
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid, "typ": typ})


def claimed_kid(token: str) -> str:
    """Returns which key a token says it is signed with; nothing is verified. Raises BadToken.

    No key of ours has a NUL or half a surrogate pair in its id, which no database takes as a parameter.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
    except _UNREADABLE:
        raise BadToken from None
    if not isinstance(kid, str) or not (kid.isascii() and kid.isprintable()):
        raise BadToken
    return kid


def verify(token: str, *, key: bytes, typ: str) -> dict[str, Any]:
    """Returns the claims of a token that this key has signed as this kind of token. Raises BadToken.

    `typ` is compared: PyJWT does not. What the claims must say, and when, is the caller's to compare.
    """
    try:
        decoded = jwt.decode_complete(token, key, algorithms=[ALGORITHM], options=_SIGNATURE_ONLY)
    except _UNREADABLE:
        raise BadToken from None
    if decoded["header"].get("typ") != typ:
        raise BadToken
    claims: dict[str, Any] = decoded["payload"]
    return claims
