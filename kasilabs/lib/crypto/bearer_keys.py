"""Random bearer keys and signing secrets, and how the platform remembers a key it must never be able to show."""

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass

BASE62 = string.ascii_letters + string.digits
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
SECRET_LENGTH = 43
"""43 characters of base62 carry 256 bits."""

_AGENT_KEY = re.compile(rf"kla_([{BASE32}]{{8}})_([{BASE62}]{{43}})")


def random_text(alphabet: str, length: int) -> str:
    """Return `length` characters of `alphabet`, each drawn on its own."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def make_secret(prefix: str) -> str:
    """Return a signing secret such as ``plsec_…``; its UTF-8 bytes, prefix included, are the HMAC key."""
    return f"{prefix}_{random_text(BASE62, SECRET_LENGTH)}"


@dataclass(frozen=True, repr=False)
class BearerKey:
    """An agent key: a look-up prefix, and the whole text that is shown once."""

    prefix: str
    text: str


def make_agent_key() -> BearerKey:
    """Return a new agent key ``kla_<8 base32>_<43 base62>``."""
    prefix = random_text(BASE32, 8)
    return BearerKey(prefix, f"kla_{prefix}_{random_text(BASE62, SECRET_LENGTH)}")


def prefix_of(text: str) -> str | None:
    """Return the look-up prefix of what claims to be an agent key, or None when it has another form."""
    match = _AGENT_KEY.fullmatch(text)
    return match.group(1) if match else None


def fingerprint(key: bytes, text: str) -> str:
    """Return the HMAC-SHA256 under which a bearer key, or a handle, is stored; lower-case hex."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two fingerprints in constant time."""
    return hmac.compare_digest(left, right)
