"""JSON Schema 2020-12 as the platform uses it: one library, offline, linear patterns, no value in any message.

One stranger writes the schema, another one the value. So nothing is fetched, patterns run in a linear engine, formats
are asserted, and the messages are our own: the library's name the value unless it is masked.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any

import jsonschema_rs

from kasilabs.lib.documents import json_pointer, resolved_schema, schema_messages, subschemas
from kasilabs.lib.documents.resolved_schema import BadReference, ResolvedSchema

MAX_VIOLATIONS = 100

_STRICT_INTEGER = "x-strict-integer"


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


_OPTIONS: dict[str, Any] = {
    "keywords": {_STRICT_INTEGER: _StrictInteger},
    "offline": True,
    "validate_formats": True,
    "ignore_unknown_formats": False,
    "mask": "[hidden]",
    "pattern_options": jsonschema_rs.RegexOptions(size_limit=262_144),
    "email_options": jsonschema_rs.EmailOptions(allow_domain_literal=False, allow_display_text=False),
}


class Validator:
    """A compiled schema; safe to share between threads. Raises BadSchema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            self.resolved: ResolvedSchema = resolved_schema.resolve(schema)
            document = _with_strict_integers(self.resolved.document)
            self._compiled = jsonschema_rs.Draft202012Validator(document, **_OPTIONS)
        except jsonschema_rs.ValidationError as error:
            first_line = error.message.splitlines()[0]
            raise BadSchema(first_line, json_pointer.join(error.instance_path)) from None
        except BadReference as error:
            raise BadSchema(f"no schema at {error}") from None
        except ValueError as error:
            raise BadSchema(str(error)) from None

    def accepts(self, value: Any) -> bool:
        return self._compiled.is_valid(value)

    def violations(self, value: Any, *, at: str = "", limit: int = MAX_VIOLATIONS) -> list[SchemaViolation]:
        """Returns the broken rules, at most `limit`; `at` is put before each pointer."""
        if self._compiled.is_valid(value):
            return []
        found = (violation for error in self._compiled.iter_errors(value) for violation in _violations(error, at))
        return list(islice(found, limit))


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


def _with_strict_integers(schema: Any) -> Any:
    """Returns a copy of `schema` in which every `integer` refuses 105.0 as well."""
    if not isinstance(schema, Mapping):
        return schema
    copy = subschemas.map_children(schema, _with_strict_integers)
    types = schema.get("type")
    if types == "integer" or (isinstance(types, list) and "integer" in types and "number" not in types):
        copy[_STRICT_INTEGER] = True
    return copy


def _violations(error: jsonschema_rs.ValidationError, at: str) -> Iterator[SchemaViolation]:
    """Yields the violations in one error of the library; an error about unknown names has one for each name."""
    failure: Any = error.kind
    keyword = "type" if failure.name == _STRICT_INTEGER else failure.name
    message = schema_messages.sentence(keyword, failure)
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
