"""Signed tokens: JWT with HS256 (RFC 7519, RFC 8725: one algorithm, explicit typ, required claims)."""

import base64
import hashlib
from typing import Any

import jwt

ALGORITHM = "HS256"


class BadToken(Exception):
    """A token is not ours, not for this use, or not valid now. One exception for all causes."""


def digest(data: bytes) -> str:
    """Returns base64url SHA-256 without padding, as the claims `bsh`, `idk` and `cth` carry it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def sign(claims: dict[str, Any], *, key: bytes, kid: str, typ: str) -> str:
    """Returns the compact JWT with the header ``{alg, kid, typ}``."""
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": kid, "typ": typ})


def verify(token: str, *, key: bytes, typ: str, audience: str, issuer: str, required: list[str]) -> dict[str, Any]:
    """Returns the claims of a valid token. `typ` is compared: PyJWT does not. Raises BadToken."""
    try:
        if jwt.get_unverified_header(token).get("typ") != typ:
            raise BadToken("typ")
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=[ALGORITHM], audience=audience, issuer=issuer, options={"require": required}
        )
    except jwt.PyJWTError as error:
        raise BadToken(type(error).__name__) from None
    return claims
