"""JSON Schema 2020-12 as the platform uses it: one library, offline, linear patterns, no value in any message.

One stranger writes the schema, another one the value. So nothing is fetched, patterns run in a linear engine, formats
are asserted, and the messages are our own: the library's name the value unless it is masked.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from typing import Any

import jsonschema_rs
from django.utils.translation import gettext as _

from kasilabs.lib.documents import (
    json_pointer,
    patterns,
    resolved_schema,
    schema_cost,
    schema_messages,
    subschemas,
)
from kasilabs.lib.documents.resolved_schema import BadReference, ResolvedSchema

MAX_VIOLATIONS = 100

TOO_COSTLY = "too_costly"
"""The code of the one violation of a value whose check would cost too many steps."""

_STRICT_INTEGER = "x-strict-integer"
_FORMS = ("anyOf", "oneOf", "not")
_KEYWORDS = {_STRICT_INTEGER: "type", **{f"x-{name}": "format" for name in schema_cost.INTEGER_FORMATS}}
"""Which keyword of the schema one of our own stands for."""

OPENAPI_FORMATS = (*schema_cost.INTEGER_FORMATS, "float", "double", "byte", "binary", "password")
"""Formats of OpenAPI, which the library does not know. Only the ranges of the integers are asserted."""


@dataclass(frozen=True)
class SchemaViolation:
    """One broken rule. `code` is the failing keyword, or `unknown_key` for a name that the schema does not know.

    `pointer` names the missing member for `required` and the name itself for `unknown_key`.
    """

    pointer: str
    code: str
    message: str


class BadSchema(Exception):
    """The validator does not take this schema; `pointer` says where, as far as the library tells."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.pointer = pointer


class _StrictInteger:
    """The keyword that refuses 105.0: for JSON Schema it is an integer, but other readers keep it as a float."""

    def __init__(self, _parent: object, _value: object, _path: object) -> None:
        pass

    def validate(self, value: object) -> None:
        if type(value) is float and value.is_integer():
            raise ValueError("not an integer")


class _IntegerRange:
    """The keyword of a format of OpenAPI that is a range of numbers: the library knows formats of texts only."""

    def __init__(self, _parent: object, value: str, _path: object) -> None:
        self._least, self._most = schema_cost.INTEGER_FORMATS[value]

    def validate(self, value: object) -> None:
        if isinstance(value, int | float) and not self._least <= value <= self._most:
            raise ValueError("out of range")


_OPTIONS: dict[str, Any] = {
    "keywords": {
        _STRICT_INTEGER: _StrictInteger,
        **{f"x-{name}": _IntegerRange for name in schema_cost.INTEGER_FORMATS},
    },
    "offline": True,
    "validate_formats": True,
    "ignore_unknown_formats": False,
    "mask": "[hidden]",
    "pattern_options": patterns.OPTIONS,
    "email_options": jsonschema_rs.EmailOptions(allow_domain_literal=False, allow_display_text=False),
}


class Validator:
    """A compiled schema; safe to share between threads. Raises BadSchema, and TooCostly for one that no tool needs.

    `is_ours` for a schema of the platform: its steps are not bounded, only the faults that are built.
    """

    def __init__(self, schema: Mapping[str, Any], *, is_ours: bool = False) -> None:
        try:
            self.resolved: ResolvedSchema = resolved_schema.resolve(schema)
            self._compiled = jsonschema_rs.Draft202012Validator(_for_library(self.resolved.document), **_OPTIONS)
        except jsonschema_rs.ValidationError as error:
            first_line = error.message.splitlines()[0]
            raise BadSchema(first_line, json_pointer.join(error.instance_path)) from None
        except BadReference as error:
            raise BadSchema(f"no schema at {error}") from None
        except ValueError as error:
            raise BadSchema(str(error)) from None
        self.weight = schema_cost.measure(self.resolved)
        self._max_steps = math.inf if is_ours else schema_cost.MAX_STEPS

    def accepts(self, value: Any) -> bool:
        """Returns whether a value breaks no rule, and can be checked within the bound."""
        return self.weight.steps_for(schema_cost.size(value)) <= self._max_steps and self._compiled.is_valid(value)

    def violations(self, value: Any, *, at: str = "", limit: int = MAX_VIOLATIONS) -> list[SchemaViolation]:
        """Returns the broken rules, at most `limit`; `at` is put before each pointer.

        Where so many faults could be that building them costs too much, only the first one is there. A value that
        costs too much to check has the single violation TOO_COSTLY.
        """
        size = schema_cost.size(value)
        if self.weight.steps_for(size) > self._max_steps:
            return [SchemaViolation(at, TOO_COSTLY, _("This is too much to check against its schema. Send less."))]
        if self._compiled.is_valid(value):
            return []
        if limit > 1 and self.weight.faults_for(size) <= schema_cost.MAX_FAULTS:
            errors = self._compiled.iter_errors(value)
        else:
            errors = self._first_error(value)
        return list(islice(chain.from_iterable(_violations(error, at) for error in errors), limit))

    def _first_error(self, value: Any) -> Iterator[jsonschema_rs.ValidationError]:
        """Yields one error. The library's list of errors is made whole before its first one can be read."""
        try:
            self._compiled.validate(value)
        except jsonschema_rs.ValidationError as error:
            yield error


def compile(schema: Mapping[str, Any], *, digest: str | None = None) -> Validator:  # noqa: A001
    """Returns the validator of `schema` from a bounded cache. Raises BadSchema.

    `digest` saves hashing the schema; any two different schemas must have different digests.
    """
    if digest is None:
        digest = hashlib.sha256(json.dumps(schema, sort_keys=True).encode()).hexdigest()
    return _compile(_Source(digest, schema))


@dataclass(frozen=True)
class _Source:
    """A schema that hashes and compares by its digest, as a key of the cache."""

    digest: str
    schema: Mapping[str, Any] = field(compare=False)


@lru_cache(maxsize=512)
def _compile(source: _Source) -> Validator:
    return Validator(source.schema)


def _for_library(schema: Any) -> Any:
    """Returns a copy of `schema` with the keywords that can refuse something, written as the library does them best.

    Every `integer` refuses 105.0 as well; the ranges of OpenAPI's formats are keywords; and of what a value is matched
    with as a whole (`anyOf`, `oneOf`, `not`) no faults are built but that it fails, which says its name in a comment.
    """
    if not isinstance(schema, Mapping):
        return schema
    copy = {
        keyword: value
        for keyword, value in subschemas.map_children(schema, _for_library).items()
        if keyword in schema_cost.KEYWORDS or keyword in ("$ref", "$defs")
    }
    types = schema.get("type", ())
    if "integer" in types and "number" not in types:
        copy[_STRICT_INTEGER] = True
    if schema.get("format") in OPENAPI_FORMATS:
        name = copy.pop("format")
        copy |= {f"x-{name}": name} if name in schema_cost.INTEGER_FORMATS else {}
    forms = [{keyword: copy.pop(keyword)} for keyword in _FORMS if keyword in copy]
    if forms:
        copy["allOf"] = [*copy.get("allOf", ()), *map(_form, forms)]
    return copy


def _form(form: dict[str, Any]) -> dict[str, Any]:
    """Returns the rule of one of _FORMS as a condition: the library asks it without building any fault."""
    (keyword,) = form
    refusal = {"not": {"$comment": keyword}}
    return {"if": form["not"], "then": refusal} if keyword == "not" else {"if": form, "else": refusal}


def _violations(error: jsonschema_rs.ValidationError, at: str) -> Iterator[SchemaViolation]:
    """Yields the violations in one error of the library; an error about unknown names has one for each name."""
    failure: Any = error.kind
    keyword = failure.name
    if keyword == "not":
        keyword = failure.schema["$comment"]
    message = schema_messages.sentence(keyword, failure)
    keyword = _KEYWORDS.get(keyword, keyword)
    pointer = at + json_pointer.join(error.instance_path)
    if keyword in ("additionalProperties", "unevaluatedProperties"):
        for name in failure.unexpected:
            yield SchemaViolation(pointer + json_pointer.join([name]), "unknown_key", message)
    elif keyword == "required":
        yield SchemaViolation(pointer + json_pointer.join([failure.property]), keyword, message)
    elif keyword == "propertyNames":
        yield SchemaViolation(pointer + json_pointer.join([failure.error.instance]), keyword, message)
    else:
        yield SchemaViolation(pointer, keyword, message)
