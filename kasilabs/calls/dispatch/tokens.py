"""The two tokens of a tool call: the platform token the plugin verifies, and the chat token it may bring back."""

import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings

from installations.models import Installation
from kasilabs.accounts import keyring
from kasilabs.lib import ids
from kasilabs.lib.crypto import jwt
from kasilabs.lib.text import formatting
from kasilabs.whatsapp.models import Instance

PLATFORM_TYP = "tool-call+jwt"
PLATFORM_SECONDS = 60
CHAT_TYP = "chat-bridge+jwt"
CHAT_ISSUER = "kasilabs:chat"
CHAT_AUDIENCE = "kasilabs:bridges"
CHAT_GRACE_SECONDS = 30
CHAT_MOST_SECONDS = 300
USE_CAPS = {"payments": 1, "messages": 3, "reads": 10}
"""How often one chat token serves each family of bridge actions (contracts, section 4)."""


@dataclass(frozen=True)
class Subject:
    """What one call is about, as both tokens name it."""

    call_id: UUID
    installation: Installation
    instance: Instance

    @property
    def call(self) -> str:
        return ids.encode(ids.Prefix.CALL, self.call_id)


@dataclass(frozen=True, repr=False)
class ChatToken:
    """A chat token and when it ends."""

    text: str
    expires: datetime

    def as_member(self) -> dict[str, str]:
        """Return the member `bridge` of a tool call."""
        expires = formatting.rfc3339(self.expires)
        return {"token": self.text, "url": f"{settings.PUBLIC_URL}/bridges/v1/", "expiresAt": expires}


def platform_token(subject: Subject, *, tool: str, body: bytes, kid: str, secret: str) -> str:
    """Return the token of one attempt; every attempt has its own `jti`. `bsh` binds it to the raw body."""
    now = int(time.time())
    claims = {
        "iss": settings.PUBLIC_URL,
        "aud": subject.installation.plugin.slug,
        "sub": tool,
        "org": subject.instance.organization.public_id,
        "instance": subject.instance.public_id,
        "installation": subject.installation.public_id,
        "call": subject.call,
        "mode": subject.installation.mode,
        "iat": now,
        "exp": now + PLATFORM_SECONDS,
        "jti": secrets.token_urlsafe(16),
        "bsh": jwt.digest(body),
    }
    return jwt.sign(claims, key=secret.encode(), kid=kid, typ=PLATFORM_TYP)


def chat_token(
    subject: Subject, *, conversation_id: UUID, alias: str, permissions: Collection[str], timeout_seconds: int
) -> ChatToken:
    """Return the current-chat token. It is signed with a platform key used for nothing else, and lives with the call.

    `acts` names the bridge permissions granted when it was issued; later revocations are checked when it is used.
    """
    now = int(time.time())
    expires = now + min(timeout_seconds + CHAT_GRACE_SECONDS, CHAT_MOST_SECONDS)
    claims = {
        "iss": CHAT_ISSUER,
        "aud": CHAT_AUDIENCE,
        "installation": subject.installation.public_id,
        "instance": subject.instance.public_id,
        "conversation": conversation_id.hex,
        "customer": alias,
        "call": subject.call,
        "acts": sorted(permissions),
        "caps": USE_CAPS,
        "iat": now,
        "exp": expires,
        "jti": secrets.token_urlsafe(16),
    }
    key = keyring.platform_key(keyring.Purpose.CHAT_TOKEN)
    return ChatToken(jwt.sign(claims, key=key, kid="chat", typ=CHAT_TYP), datetime.fromtimestamp(expires, UTC))
