"""The gate `agent_key`: a bearer key, checked before anything else. Only failures are counted, per address."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from kasilabs.whatsapp import agent_keys
from kasilabs.whatsapp.models import Instance

FAILURES = 20
WINDOW_SECONDS = 60


class InvalidKey(Exception):
    """No such key, or it is revoked or over: one text for all causes.

    `retry_after` is in seconds, and set once an address has failed too often.
    """

    def __init__(self, retry_after: int | None = None) -> None:
        super().__init__("invalid_key")
        self.retry_after = retry_after


class AgentKey(HttpBearer):
    """Finds the number a key belongs to. A good key works also from an address that failed too often.

    Raises InvalidKey.
    """

    def __call__(self, request: HttpRequest) -> Instance:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        found = agent_keys.find(text.strip(), timezone.now()) if scheme.lower() == "bearer" else None
        if found is None:
            raise InvalidKey(_count_failure(request))
        found.note_use(timezone.localdate())
        return found.instance

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Is not reached: `__call__` reads the header itself, so that a missing one is counted too."""
        raise NotImplementedError


def _count_failure(request: HttpRequest) -> int | None:
    """Counts a failure of this address. Returns the seconds to wait once there were too many."""
    key = f"agent-key-failures:{get_adapter().get_client_ip(request)}"
    cache.add(key, 0, WINDOW_SECONDS)
    try:
        failures = cache.incr(key)
    except ValueError:
        failures = 1
    return WINDOW_SECONDS if failures > FAILURES else None
