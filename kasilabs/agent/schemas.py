"""The body of a tool call, strict: unknown members and lenient types are refused."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from kasilabs.whatsapp.models import E164

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
    """Take a moment that also is one in UTC: at both ends of the calendar it may not be, and no database keeps it."""
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

    @property
    def moment(self) -> datetime | None:
        """When the customer last wrote."""
        return datetime.fromisoformat(self.lastCustomerMessageAt) if self.lastCustomerMessageAt else None


class CallIn(Strict):
    tool: Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_printable)]
    input: dict[str, Any] = Field(...)
    conversation: ConversationIn | None = None
