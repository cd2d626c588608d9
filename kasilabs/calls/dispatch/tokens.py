"""The platform token of a tool call, which the plugin verifies."""

import secrets
import time

from django.conf import settings

from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.crypto import jwt

PLATFORM_TYP = "tool-call+jwt"
PLATFORM_SECONDS = 60


def platform_token(call: ToolCall, body: bytes) -> str:
    """Returns the token of one attempt; every attempt has its own `jti`. `bsh` binds it to the raw body."""
    now = int(time.time())
    claims = {
        "iss": settings.PUBLIC_URL,
        "aud": call.plugin.slug,
        "sub": call.tool.name,
        "org": call.instance.organization.public_id,
        "instance": call.instance.public_id,
        "installation": call.plugin.installation.public_id,
        "call": call.public_id,
        "mode": call.plugin.installation.mode,
        "iat": now,
        "exp": now + PLATFORM_SECONDS,
        "jti": secrets.token_urlsafe(16),
        "bsh": jwt.digest(body),
    }
    return jwt.sign(claims, key=call.signing_secret.encode(), kid=call.kid, typ=PLATFORM_TYP)
