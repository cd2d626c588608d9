"""What machines send, read strictly: bodies without unknown members and lenient types, each fault with its pointer."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator
from pydantic_core import PydanticCustomError

from kasilabs.lib.documents import json_pointer, strict_json
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.machine_api import problems

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")
IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_.:-]{16,128}")


class UnsupportedMediaType(Exception):
    """The body says it is not application/json."""


class InvalidIdempotencyKey(Exception):
    """The idempotency key is missing where it has to be, or has another form."""


def read_json(request: HttpRequest) -> dict[str, Any]:
    """Returns the body as JSON. Raises UnsupportedMediaType and NotJson."""
    if request.body and request.content_type != "application/json":
        raise UnsupportedMediaType
    return strict_json.loads(request.body)


def read_idempotency_key(request: HttpRequest) -> str | None:
    """Returns the idempotency key of a request; None where it has none. Raises InvalidIdempotencyKey."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not IDEMPOTENCY_KEY.fullmatch(key):
        raise InvalidIdempotencyKey
    return key


def fingerprint(*parts: bytes) -> str:
    """Returns SHA-256 over the length-prefixed parts of a request that a retry with the same key has to repeat."""
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def answer_unreadable(api: NinjaAPI) -> None:
    """Lets an API answer what the readers here raise."""

    @api.exception_handler(UnsupportedMediaType)
    def unsupported(request: HttpRequest, error: UnsupportedMediaType) -> HttpResponse:  # noqa: ARG001
        return problems.generic(415)

    @api.exception_handler(strict_json.NotJson)
    def not_json(request: HttpRequest, error: strict_json.NotJson) -> HttpResponse:  # noqa: ARG001
        return problems.response(400, "not_json", error.detail)

    @api.exception_handler(InvalidIdempotencyKey)
    def invalid_key(request: HttpRequest, error: InvalidIdempotencyKey) -> HttpResponse:  # noqa: ARG001
        detail = "Send an Idempotency-Key of 16 to 128 of the characters A-Z a-z 0-9 _ . : -"
        return problems.response(400, "invalid_idempotency_key", detail)


def fault(code: str, sentence: str) -> PydanticCustomError:
    """Returns the error a validator raises: our keyword and our sentence."""
    return PydanticCustomError(code, "{sentence}", {"sentence": sentence})


def checked(is_right: Callable[[str], bool], code: str, sentence: str) -> AfterValidator:
    """Returns the validator of a text that has to pass a question."""

    def check(text: str) -> str:
        if not is_right(text):
            raise fault(code, sentence)
        return text

    return AfterValidator(check)


def full_match(pattern: str, sentence: str) -> AfterValidator:
    """Returns the validator of a text that a pattern has to match from its first to its last character."""
    compiled = re.compile(pattern)
    return checked(lambda text: compiled.fullmatch(text) is not None, "pattern", sentence)


def _check_printable(text: str) -> str:
    if not text.isprintable():
        raise fault("pattern", "Use printable characters only.")
    return text


def check_text(text: str) -> str:
    """Takes words for people: everything but control characters, which PostgreSQL or a page would stumble over."""
    if any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text):
        raise fault("pattern", "Leave out control characters.")
    return text


def _check_moment(text: str) -> str:
    """Takes a moment that also is one in UTC: at both ends of the calendar it may not be, and no database keeps it."""
    try:
        if _RFC3339.fullmatch(text):
            datetime.fromisoformat(text).astimezone(UTC)
            return text
    except (ValueError, OverflowError):
        pass
    raise fault("format", "Write an RFC 3339 time such as 2026-11-03T08:00:00Z.")


PRINTABLE = AfterValidator(_check_printable)
TEXT = AfterValidator(check_text)
Moment = Annotated[str, AfterValidator(_check_moment)]


class Strict(BaseModel):
    """The one base of all bodies: `"105"`, `105.0` and `true` are not integers, and unknown members are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_null(cls, value: object) -> object:
        """An optional member is left out, never null."""
        if value is None:
            raise fault("type", "Leave it out instead of sending null.")
        return value


_RULES = {
    "missing": ("required", "This member is required."),
    "extra_forbidden": ("additionalProperties", "There is no such member."),
    "string_too_short": ("minLength", "This text is too short."),
    "string_too_long": ("maxLength", "This text is too long."),
    "too_short": ("minItems", "This list is too short."),
    "too_long": ("maxItems", "This list is too long."),
    "greater_than": ("exclusiveMinimum", "This number is too small."),
    "greater_than_equal": ("minimum", "This number is too small."),
    "less_than_equal": ("maximum", "This number is too large."),
    "literal_error": ("enum", "This is none of the values there are."),
    "string_type": ("type", "This must be text."),
    "int_type": ("type", "This must be an integer."),
    "bool_type": ("type", "This must be true or false."),
    "list_type": ("type", "This must be a list."),
    "dict_type": ("type", "This must be an object."),
    "model_type": ("type", "This must be an object."),
    "model_attributes_type": ("type", "This must be an object."),
}
"""Our keyword and sentence for each kind of error that pydantic finds; our own checks bring theirs."""


def violations(errors: Iterable[Mapping[str, Any]], *, below: int = 0) -> list[SchemaViolation]:
    """Returns what pydantic found wrong with a body: pointers from its root, and JSON Schema keywords.

    `below` is how many parts of each location stand above the root of the body.
    """
    found = []
    for each in errors:
        code, message = _RULES.get(each["type"], (each["type"], each["msg"]))
        found.append(SchemaViolation(json_pointer.join(each["loc"][below:]), code, message))
    return found
