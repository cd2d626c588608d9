"""The body of a tool call. And what a malformed one says."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, model_validator

from kasilabs.calls.customer import SentConversation
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.documents.texts import texts
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


_NUMBERS = (re.compile(r"\d{9,15}"), re.compile(r"\d(?:[^\w,;]*\d){8,14}"))
"""Phone numbers as people write them, without and with separators, in the digits of any script."""
MOST_NUMBERS = 16


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """Returns a schema with the definitions it refers to in their places: an OpenAPI document has others."""
    if isinstance(node, list):
        return [_inlined(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(definitions[node["$ref"].rpartition("/")[2]], definitions)
    return {name: _inlined(each, definitions) for name, each in node.items() if name != "$defs"}


_SCHEMA = CallIn.model_json_schema()
CALL_SCHEMA = _inlined(_SCHEMA, _SCHEMA.get("$defs", {}))
"""The body of a call, for the OpenAPI document: the view reads it itself, after the state of the number."""


class CallOut(BaseModel):
    """The answer to a call that succeeded."""

    id: str
    status: Literal["succeeded"]
    output: dict[str, Any]
    durationMs: int  # noqa: N815
    masked: list[str] | None = None


def malformed_call(instance: Instance, document: dict[str, Any], *, request_id: str) -> ToolCall:
    """Returns as much of a body as its refusal needs: what was asked for, and what helps to hide whom it is about.

    A phone number counts wherever it stands beside the input, and as whatever it was sent. Where there are more than
    MOST_NUMBERS, what was asked for is left out: to look for that many takes too long.
    """
    tool, sent = document.get("tool"), document.get("input")
    # PostgreSQL stores no NUL.
    name = "".join(filter(str.isprintable, tool))[:MOST_NAME] if isinstance(tool, str) else ""
    given = sent if isinstance(sent, dict) else {}
    numbers = {
        "+" + "".join(str(int(digit)) for digit in number if digit.isdecimal()).lstrip("0")
        for _path, text in texts({name: value for name, value in document.items() if name not in {"tool", "input"}})
        for form in _NUMBERS
        for number in form.findall(text)
    }
    if len(numbers) > MOST_NUMBERS:
        name, given, numbers = "", {}, set()
    return ToolCall(
        instance,
        name,
        given,
        conversation=SentConversation(
            _text_at(document, "conversation", "id") or "",
            phone=_text_at(document, "conversation", "customer", "phone"),
            mentioned=tuple(numbers),
        ),
        request_id=request_id,
    )


def _text_at(document: Any, *names: str) -> str | None:
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, str) else None
