"""One tool call as an agent asked for it. Both parts may carry a phone number, so neither has a repr."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, repr=False)
class Conversation:
    """The conversation as the agent names it."""

    id: str
    phone: str | None = None
    user_id: str | None = None
    last_message_at: datetime | None = None


@dataclass(frozen=True, repr=False)
class Request:
    """What is asked for, and by whom. `fingerprint` is SHA-256 over what a retry must repeat."""

    tool: str
    input: dict[str, Any]
    conversation: Conversation | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    request_id: str = ""
    tested_by: str = ""
