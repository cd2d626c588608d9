"""The body of a tool call. And what a malformed one says."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from kasilabs.calls.customer import SentConversation
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.request_bodies import PRINTABLE, Moment, Strict, fault, full_match
from kasilabs.lib.text.phones import E164
from kasilabs.logs.write import MOST_NAME
from kasilabs.whatsapp.models import Instance

_USER_ID = r"[A-Z]{2}\.[A-Za-z0-9._-]{1,128}"


class CustomerIn(Strict):
    phone: Annotated[str, full_match(E164, "Write the phone number as +254700000141.")] | None = None
    userId: Annotated[str, full_match(_USER_ID, "Write the user id as KE.12345.")] | None = None  # noqa: N815

    @model_validator(mode="after")
    def _is_somebody(self) -> "CustomerIn":
        if self.phone is None and self.userId is None:
            raise fault("minProperties", "Name a phone, a userId, or both.")
        return self


class ConversationIn(Strict):
    id: Annotated[str, StringConstraints(min_length=1, max_length=128), PRINTABLE]
    customer: CustomerIn | None = None
    lastCustomerMessageAt: Moment | None = None  # noqa: N815

    def as_sent(self) -> SentConversation:
        """Returns the conversation as `kasilabs.calls` knows it."""
        return SentConversation(
            self.id,
            phone=self.customer.phone if self.customer else None,
            user_id=self.customer.userId if self.customer else None,
            last_message_at=datetime.fromisoformat(self.lastCustomerMessageAt) if self.lastCustomerMessageAt else None,
        )


class CallIn(Strict):
    tool: Annotated[str, StringConstraints(min_length=1, max_length=128), PRINTABLE]
    input: dict[str, Any] = Field(...)
    conversation: ConversationIn | None = None


def malformed_call(instance: Instance, document: dict[str, Any], *, request_id: str) -> ToolCall:
    """Returns as much of a body as its refusal needs: what was asked for, and what helps to hide whom it is about."""
    tool, sent, conversation = document.get("tool"), document.get("input"), None
    # PostgreSQL stores no NUL.
    name = "".join(filter(str.isprintable, tool))[:MOST_NAME] if isinstance(tool, str) else ""
    match document.get("conversation"):
        case {"id": str(external_id), "customer": {"phone": str(phone)}}:
            conversation = SentConversation(external_id, phone=phone)
        case {"id": str(external_id)}:
            conversation = SentConversation(external_id)
    given = sent if isinstance(sent, dict) else {}
    return ToolCall(instance, name, given, conversation=conversation, request_id=request_id)
