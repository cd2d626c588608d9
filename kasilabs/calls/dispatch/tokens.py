"""The two tokens of a tool call: the platform token the plugin verifies, and the chat token it may bring back."""

import secrets
import time
from datetime import UTC, datetime

from django.conf import settings

from kasilabs.accounts import keyring
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.crypto import jwt
from plugins.manifest.document import BRIDGE_PREFIX

PLATFORM_TYP = "tool-call+jwt"
PLATFORM_SECONDS = 60
CHAT_TYP = "chat-bridge+jwt"
CHAT_ISSUER = "kasilabs:chat"
CHAT_AUDIENCE = "kasilabs:bridges"
CHAT_GRACE_SECONDS = 30
CHAT_MOST_SECONDS = 300
USE_CAPS = {"payments": 1, "messages": 3, "reads": 10}
"""How often one chat token serves each family of bridge actions."""


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


def chat_token(call: ToolCall) -> tuple[str, datetime] | None:
    """Returns the current-chat token and when it expires; None for a call without a customer.

    It is signed with a platform key used for nothing else, and lives with the call. `acts` names the bridge
    permissions granted when it was issued; later revocations are checked when it is used.
    """
    customer = call.customer
    if customer.conversation_id is None or not customer.alias:
        return None
    now = int(time.time())
    expires = now + min(call.tool.timeout_seconds + CHAT_GRACE_SECONDS, CHAT_MOST_SECONDS)
    granted = call.context.grants[call.plugin.slug].permissions
    claims = {
        "iss": CHAT_ISSUER,
        "aud": CHAT_AUDIENCE,
        "installation": call.plugin.installation.public_id,
        "instance": call.instance.public_id,
        "conversation": customer.conversation_id.hex,
        "customer": customer.alias,
        "call": call.public_id,
        "acts": sorted(key for key in granted if key.startswith(BRIDGE_PREFIX)),
        "caps": USE_CAPS,
        "iat": now,
        "exp": expires,
        "jti": secrets.token_urlsafe(16),
    }
    key = keyring.platform_key(keyring.Purpose.CHAT_TOKEN)
    return jwt.sign(claims, key=key, kid="chat", typ=CHAT_TYP), datetime.fromtimestamp(expires, UTC)
