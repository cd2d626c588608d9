"""The request token: signed by the plugin with its bridge secret for this one request (the idea of DPoP, RFC 9449)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from bridges.models import RequestNonce
from kasilabs.lib.crypto import fields, jwt
from kasilabs.lib.db import one_row
from kasilabs.lib.db.compiled import compiled
from kasilabs.lib.states import Mode
from plugins.models import SigningSecret

TYP = "bridge-req+jwt"
MOST_SECONDS = 300
SKEW_SECONDS = 60
"""How far the clock of a plugin may be ahead of ours."""

NONCE_KEPT = timedelta(hours=1)
"""How much longer than its token a nonce is kept, so that a clock set back lets no token work again."""


class InvalidToken(Exception):
    """The request token is not valid: one exception and one text for all causes."""


@dataclass(frozen=True)
class SentRequest:
    """What a token has to be about. `path` is as it was sent; `key` and `chat_token` are None where not sent."""

    method: str
    path: str
    body: bytes
    key: str | None
    chat_token: str | None


class Claims(BaseModel):
    """What a request token says; further claims are the author's own."""

    model_config = ConfigDict(strict=True)

    iss: str
    aud: str
    htm: str
    htu: str
    bsh: str
    idk: str | None = None
    cth: str | None = None
    iat: int | float
    exp: int | float
    jti: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}\z")]

    def is_for(self, sent: SentRequest) -> bool:
        """Whether the token was made for this request and no other."""
        pairs = (
            (self.aud, settings.PUBLIC_URL),
            (self.htm, sent.method),
            (self.htu, sent.path),
            (self.bsh, jwt.digest(sent.body)),
            (self.idk, None if sent.key is None else jwt.digest(sent.key.encode())),
            (self.cth, None if sent.chat_token is None else jwt.digest(sent.chat_token.encode())),
        )
        # A query would be signed by nothing but itself, and no bridge takes one.
        return "?" not in sent.path and all(constant_time_compare(str(said), str(is_so)) for said, is_so in pairs)

    def is_live(self, now: datetime) -> bool:
        """Whether the token may be used now. Every comparison with NaN is false."""
        at = now.timestamp()
        return self.iat <= at + SKEW_SECONDS and max(at, self.iat) < self.exp <= self.iat + MOST_SECONDS


@dataclass(frozen=True)
class VerifiedToken:
    """A token whose signature is good, made for this request, not used before. `issuer` is still to be looked up."""

    secret: SigningSecret
    issuer: str


def verify(token: str, sent: SentRequest) -> VerifiedToken:
    """Returns who signed a token for this request, and counts the token as used. Raises InvalidToken, CannotOpen."""
    now = timezone.now()
    try:
        kid = jwt.claimed_kid(token)
        secret = next(iter(_live_secrets(kid=kid)), None)
        document = jwt.verify(token, key=(secret or _decoy()).reveal().encode(), typ=TYP)
        claims = Claims.model_validate(document)
    except (jwt.BadToken, ValidationError):
        raise InvalidToken from None
    if secret is None or not (claims.is_for(sent) and claims.is_live(now)):
        raise InvalidToken
    nonce = RequestNonce(kid=kid, jti=claims.jti, expires=datetime.fromtimestamp(claims.exp, UTC) + NONCE_KEPT)
    try:
        one_row.insert(nonce)
    except IntegrityError:
        raise InvalidToken from None
    secret.note_use(now)
    return VerifiedToken(secret, claims.iss)


@compiled
def _live_secrets(*, kid: str) -> QuerySet[SigningSecret]:
    """Selects the one bridge secret a key id names, with its plugin; none when it is not live or not for bridges."""
    bridge = SigningSecret.objects.filter(purpose=SigningSecret.Purpose.BRIDGE, kid=kid)
    return bridge.live(at=Now()).select_related("plugin__owner")


@lru_cache(maxsize=1)
def _decoy() -> SigningSecret:
    """Returns a secret nobody has: opening it and verifying with it takes as long as with one that there is."""
    purpose = SigningSecret.Purpose.BRIDGE
    secret = SigningSecret(plugin_id=uuid4(), mode=Mode.SANDBOX, purpose=purpose, kid="decoy")
    fields.seal(secret, "value", f"brsec_{get_random_string(43)}")
    return secret


def prune(now: datetime) -> int:
    """Deletes the nonces whose tokens are long over, and returns how many there were."""
    deleted, _rows = RequestNonce.objects.filter(expires__lte=now).delete()
    return deleted
