"""Sign a bridge request. Python 3.9 or newer with PyJWT. Copy this file."""

import base64
import hashlib
import secrets
import time

import jwt


def sign(method, path, body=b"", *, issuer, kid, secret, platform_url, key=None, chat_token=None):
    """Return the token of one request, for the header `Authorization: Bearer …`. Every request needs a new one.

    `path` is what stands after the host, `body` the bytes that are sent. `key` is the idempotency key, `chat_token` the
    token of a call; leave out what the request does not have. `issuer` is the id of the installation.
    """
    now = int(time.time())
    claims = {"iss": issuer, "aud": platform_url, "htm": method, "htu": path, "bsh": digest(body)}
    claims |= {"iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(16)}
    if key is not None:
        claims["idk"] = digest(key.encode())
    if chat_token is not None:
        claims["cth"] = digest(chat_token.encode())
    return jwt.encode(claims, secret, algorithm="HS256", headers={"kid": kid, "typ": "bridge-req+jwt"})


def digest(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
