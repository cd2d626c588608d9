"""The body of a tool call, strict: unknown members and lenient types are refused. And what a malformed one says."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kasilabs.calls.customer import SentConversation
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.text.phones import E164
from kasilabs.logs.write import MOST_NAME
from kasilabs.whatsapp.models import Instance

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
_PHONE = re.compile(E164)
_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9._-]{1,128}")


def _full(pattern: re.Pattern[str], sentence: str) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise PydanticCustomError("pattern", "{sentence}", {"sentence": sentence})
        return text

    return AfterValidator(check)


def _printable(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("pattern", "{sentence}", {"sentence": "Use printable characters only."})
    return text


def _moment(text: str) -> str:
    """Takes a moment that also is one in UTC: at both ends of the calendar it may not be, and no database keeps it."""
    try:
        if _RFC3339.fullmatch(text):
            datetime.fromisoformat(text).astimezone(UTC)
            return text
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError(
        "format", "{sentence}", {"sentence": "Write an RFC 3339 time such as 2026-11-03T08:00:00Z."}
    )


class Strict(BaseModel):
    """The one base of all bodies: `"105"`, `105.0` and `true` are not integers, and unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_null(cls, value: object) -> object:
        """An optional member is left out, never null."""
        if value is None:
            raise PydanticCustomError("type", "{sentence}", {"sentence": "Leave it out instead of sending null."})
        return value


class CustomerIn(Strict):
    phone: Annotated[str, _full(_PHONE, "Write the phone number as +254700000141.")] | None = None
    userId: Annotated[str, _full(_USER_ID, "Write the user id as KE.12345.")] | None = None  # noqa: N815

    @model_validator(mode="after")
    def _is_somebody(self) -> "CustomerIn":
        if self.phone is None and self.userId is None:
            raise PydanticCustomError("minProperties", "{sentence}", {"sentence": "Name a phone, a userId, or both."})
        return self


class ConversationIn(Strict):
    id: Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_printable)]
    customer: CustomerIn | None = None
    lastCustomerMessageAt: Annotated[str, AfterValidator(_moment)] | None = None  # noqa: N815

    def as_sent(self) -> SentConversation:
        """Returns the conversation as `kasilabs.calls` knows it."""
        return SentConversation(
            self.id,
            phone=self.customer.phone if self.customer else None,
            user_id=self.customer.userId if self.customer else None,
            last_message_at=datetime.fromisoformat(self.lastCustomerMessageAt) if self.lastCustomerMessageAt else None,
        )


class CallIn(Strict):
    tool: Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_printable)]
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


_RULES = {
    "missing": ("required", "This member is required."),
    "extra_forbidden": ("additionalProperties", "There is no such member."),
    "string_too_short": ("minLength", "This text is too short."),
    "string_too_long": ("maxLength", "This text is too long."),
    "string_type": ("type", "This must be text."),
    "dict_type": ("type", "This must be an object."),
    "model_type": ("type", "This must be an object."),
    "model_attributes_type": ("type", "This must be an object."),
}
"""Our keyword and sentence for each kind of error that pydantic finds; our own checks bring theirs."""


def violations(error: ValidationError) -> list[SchemaViolation]:
    """Returns what is wrong with a body: pointers from the root of what the agent sent, and JSON Schema keywords."""
    found = []
    for each in error.errors():
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in each["loc"])
        keyword, message = _RULES.get(each["type"], (each["type"], each["msg"]))
        found.append(SchemaViolation(pointer, keyword, message))
    return found
