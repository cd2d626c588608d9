"""The current-chat token: a plugin gets it with a call, and brings it back with a bridge request.

It says which conversation a bridge request is about, and for how long and how often that may be. Only the platform
makes and reads it. It is signed with a platform key used for nothing else.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from grants.decision.gates import permissions_in_force
from kasilabs.accounts import keyring
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib import ids
from kasilabs.lib.crypto import jwt
from plugins.manifest.document import BRIDGE_PREFIX

TYP = "chat-bridge+jwt"
KID = "chat"
ISSUER = "kasilabs:chat"
AUDIENCE = "kasilabs:bridges"
GRACE_SECONDS = 30
"""How long a token serves after its call has ended."""

MOST_SECONDS = 300
USE_CAPS = {"payments": 1, "messages": 3, "reads": 10}
"""How often one token serves each family of bridge actions; other actions are not counted."""


@dataclass(frozen=True, repr=False)
class ChatToken:
    """What a token says. `acts` are the bridge permissions that were in force when it was made."""

    installation: UUID
    instance: UUID
    conversation: UUID
    alias: str
    call: UUID
    acts: frozenset[str]
    expires: datetime
    jti: str


def issue(call: ToolCall) -> tuple[str, datetime] | None:
    """Returns the token of a call and when it expires at the latest; None for a call without a customer.

    What is revoked later is refused when the token is used.
    """
    customer = call.customer
    if customer.conversation_id is None or not customer.alias:
        return None
    now = int(time.time())
    expires = now + min(call.tool.timeout_seconds + GRACE_SECONDS, MOST_SECONDS)
    in_force = permissions_in_force(call.context, call.plugin)
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "installation": call.plugin.installation.public_id,
        "instance": call.instance.public_id,
        "conversation": customer.conversation_id.hex,
        "customer": customer.alias,
        "call": call.public_id,
        "acts": sorted(key for key in in_force if key.startswith(BRIDGE_PREFIX)),
        "caps": USE_CAPS,
        "iat": now,
        "exp": expires,
        "jti": secrets.token_urlsafe(16),
    }
    token = jwt.sign(claims, key=keyring.platform_key(keyring.Purpose.CHAT_TOKEN), kid=KID, typ=TYP)
    return token, datetime.fromtimestamp(expires, UTC)


def read(token: str) -> ChatToken:
    """Returns what a token of ours says, also one that has expired. Raises BadToken, and CannotOpen."""
    claims = jwt.verify(token, key=keyring.platform_key(keyring.Purpose.CHAT_TOKEN), typ=TYP)
    if (claims.get("iss"), claims.get("aud")) != (ISSUER, AUDIENCE):
        raise jwt.BadToken
    return ChatToken(
        installation=_decode(ids.Prefix.INSTALLATION, claims["installation"]),
        instance=_decode(ids.Prefix.INSTANCE, claims["instance"]),
        conversation=UUID(hex=claims["conversation"]),
        alias=claims["customer"],
        call=_decode(ids.Prefix.CALL, claims["call"]),
        acts=frozenset(claims["acts"]),
        expires=datetime.fromtimestamp(claims["exp"], UTC),
        jti=claims["jti"],
    )


def _decode(prefix: ids.Prefix, text: Any) -> UUID:
    """Returns the UUID of a public id that we have signed ourselves. Raises BadToken."""
    value = ids.decode(prefix, text)
    if value is None:
        raise jwt.BadToken
    return value
