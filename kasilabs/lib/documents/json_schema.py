"""JSON Schema 2020-12 as the platform uses it: one library, offline, linear patterns, no value in any message.

Every schema here was written by a stranger and meets values from another one. So nothing is fetched, patterns run in a
linear engine, formats are asserted, and messages are our own words (the library's name the value unless masked).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from kasilabs.lib.documents import json_pointer, schema_messages, subschemas

MAX_VIOLATIONS = 100

_STRICT_INTEGER = "x-strict-integer"
_UNKNOWN_NAMES = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True)
class SchemaViolation:
    """One broken rule. `code` is the failing keyword, or `unknown_key` for a name that the schema does not know.

    `pointer` names the missing member for `required` and the name itself for `unknown_key`.
    """

    pointer: str
    code: str
    message: str


class BadSchema(Exception):
    """This is not a schema the validator takes; `pointer` says where, as far as it tells."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class _WholeNumber:
    """JSON Schema calls 105.0 an integer; at our doors only a number written without a fraction is one."""

    def __init__(self, _parent: object, _value: object, _path: object) -> None:
        pass

    def validate(self, value: object) -> None:
        if type(value) is float and value.is_integer():
            raise ValueError("not an integer")


class Validator:
    """A compiled schema; safe to share between threads."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            self._rules = jsonschema_rs.Draft202012Validator(_strict(schema), keywords=_KEYWORDS, **_OPTIONS)
        except jsonschema_rs.ValidationError as error:
            raise BadSchema(_first_line(error), json_pointer.join(error.instance_path)) from None
        except ValueError as error:
            raise BadSchema(str(error)) from None

    def accepts(self, value: Any) -> bool:
        return self._rules.is_valid(value)

    def violations(self, value: Any, *, at: str = "", limit: int = MAX_VIOLATIONS) -> list[SchemaViolation]:
        """Every broken rule, the first `limit`; `at` is put before each pointer."""
        if self._rules.is_valid(value):
            return []
        found = (violation for error in self._rules.iter_errors(value) for violation in _violations(error, at))
        return list(islice(found, limit))


def compile(schema: Mapping[str, Any], *, digest: str | None = None) -> Validator:  # noqa: A001
    """The validator of `schema`, from a bounded cache; raises BadSchema.

    `digest` saves hashing the schema; it must differ between any two schemas that are compiled.
    """
    return _compiled(_Source(digest or _fingerprint(schema), schema))


@dataclass(frozen=True)
class _Source:
    digest: str
    schema: Mapping[str, Any] = field(compare=False)


@lru_cache(maxsize=512)
def _compiled(source: _Source) -> Validator:
    return Validator(source.schema)


def _fingerprint(schema: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()


def _strict(schema: Any) -> Any:
    """A copy of `schema` in which every `integer` refuses 105.0 as well."""
    if not isinstance(schema, Mapping):
        return schema
    copy = subschemas.replaced(schema, _strict)
    types = schema.get("type")
    if types == "integer" or (isinstance(types, list) and "integer" in types and "number" not in types):
        copy[_STRICT_INTEGER] = True
    return copy


def _violations(error: jsonschema_rs.ValidationError, at: str) -> Iterator[SchemaViolation]:
    kind: Any = error.kind
    keyword = "type" if kind.name == _STRICT_INTEGER else kind.name
    words = schema_messages.sentence(keyword, kind)
    here = at + json_pointer.join(error.instance_path)
    if keyword in _UNKNOWN_NAMES:
        for name in kind.unexpected:
            yield SchemaViolation(here + json_pointer.join([name]), "unknown_key", words)
    elif keyword == "required":
        yield SchemaViolation(here + json_pointer.join([kind.property]), keyword, words)
    elif keyword == "propertyNames":
        yield SchemaViolation(here + json_pointer.join([kind.error.instance]), keyword, words)
    else:
        yield SchemaViolation(here, keyword, words)


def _first_line(error: jsonschema_rs.ValidationError) -> str:
    return error.message.splitlines()[0]


_KEYWORDS: dict[str, Any] = {_STRICT_INTEGER: _WholeNumber}
_OPTIONS: dict[str, Any] = {
    "offline": True,
    "validate_formats": True,
    "ignore_unknown_formats": False,
    "mask": "[hidden]",
    "pattern_options": jsonschema_rs.RegexOptions(size_limit=262_144),
    "email_options": jsonschema_rs.EmailOptions(allow_domain_literal=False, allow_display_text=False),
}
