"""The gate `agent_key`: a bearer key, checked before anything else. Only failures are counted, per address."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from kasilabs.accounts import client_address
from kasilabs.accounts.rate_limits import LimitReached, RateLimit, consume
from kasilabs.whatsapp import agent_keys
from kasilabs.whatsapp.models import Instance

FAILURES = RateLimit("failed agent keys of address", 20, timedelta(minutes=1))


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
            try:
                consume(FAILURES.per(client_address.address(request)))
            except LimitReached as reached:
                raise InvalidKey(reached.retry_after) from None
            raise InvalidKey
        found.note_use(timezone.localdate())
        return found.instance

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Is not reached: `__call__` reads the header itself, so that a missing one is counted too."""
        raise NotImplementedError
