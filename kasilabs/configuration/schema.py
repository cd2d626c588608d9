"""Config Schema v1, compiled: one list of fields that form, validation and documents are made from.

`read` turns the `configurationSchema` of a checked manifest into fields; `checking.config_rules` says what it may hold.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import cached_property
from typing import Any, Final

from kasilabs.lib.documents import canonical_json, json_pointer, json_schema

MAX_LENGTH = 4096
"""Characters of a text without a `maxLength` of its own."""

MAX_EMAIL_LENGTH = 254
MAX_URI_LENGTH = 2048

MIN_SECRET_LENGTH = 8
"""Shorter secrets are refused when entered: an answer could not be searched for them without false alarms."""


class FieldKind(StrEnum):
    """What a field holds; decides its control."""

    STRING = "string"
    EMAIL = "email"
    URI = "uri"
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    SECRET = "secret"


class Missing(Enum):
    """The type of MISSING: no default, which is not the same as the default `null` or `""`."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    description: str = ""


@dataclass(frozen=True)
class Field:
    """One field. `pointer` is the JSON Pointer of its value inside a configuration, `title` never empty."""

    name: str
    kind: FieldKind
    title: str
    description: str = ""
    required: bool = False
    default: Any = MISSING
    choices: tuple[Choice, ...] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    exclusive_minimum: int | float | None = None
    exclusive_maximum: int | float | None = None
    multiple_of: int | float | None = None
    min_length: int = 0
    max_length: int = MAX_LENGTH
    pattern: str | None = None
    pattern_message: str = ""
    examples: tuple[Any, ...] = ()
    placeholder: str = ""
    help_url: str = ""
    allow_http: bool = False
    order: int | None = None
    deprecated: bool = False

    @property
    def pointer(self) -> str:
        return json_pointer.join([self.name])

    @property
    def is_secret(self) -> bool:
        return self.kind is FieldKind.SECRET

    @property
    def has_default(self) -> bool:
        return self.default is not MISSING

    @property
    def rules(self) -> dict[str, Any]:
        """The JSON Schema of one value of this field."""
        return {"type": _JSON_TYPE.get(self.kind, "string"), **_RULES.get(self.kind, _text_rules)(self)}


@dataclass(frozen=True)
class ConfigSchema:
    """The fields in the order they are shown, the schema they were read from, and its digest."""

    fields: tuple[Field, ...]
    document: Mapping[str, Any]
    digest: str

    @property
    def secrets(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.is_secret)

    @property
    def plain(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if not field.is_secret)

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def defaults(self) -> dict[str, Any]:
        """The value of every field that has one before anybody sets anything."""
        return {field.name: field.default for field in self.fields if field.has_default}

    def plain_validator(self) -> json_schema.Validator:
        """Checks a whole configuration (defaults and values) without its secrets, which never enter a validator."""
        return json_schema.compile(self._plain_rules, digest=f"configuration {self.digest}")

    @cached_property
    def _plain_rules(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {field.name: field.rules for field in self.plain},
            "required": [field.name for field in self.plain if field.required],
            "additionalProperties": False,
        }


def read(document: Mapping[str, Any]) -> ConfigSchema:
    """Compile a checked `configurationSchema`; an empty document has no fields."""
    required = document.get("required", ())
    found = [read_field(name, rules, required=name in required) for name, rules in _properties(document)]
    found.sort(key=lambda field: (field.order is None, field.order or 0))
    return ConfigSchema(tuple(found), document, canonical_json.digest(document))


def read_field(name: str, rules: Mapping[str, Any], *, required: bool = False) -> Field:
    """Compile one checked property."""
    kind = kind_of(rules)
    return Field(
        name=name,
        kind=kind,
        title=rules.get("title") or name,
        description=rules.get("description", ""),
        required=required,
        default=rules.get("default", MISSING),
        choices=tuple(_choices(rules)),
        minimum=rules.get("minimum"),
        maximum=rules.get("maximum"),
        exclusive_minimum=rules.get("exclusiveMinimum"),
        exclusive_maximum=rules.get("exclusiveMaximum"),
        multiple_of=rules.get("multipleOf"),
        min_length=max(rules.get("minLength", 0), MIN_SECRET_LENGTH if kind is FieldKind.SECRET else 0),
        max_length=rules.get("maxLength", _LONGEST.get(kind, MAX_LENGTH)),
        pattern=rules.get("pattern"),
        pattern_message=rules.get("x-pattern-message", ""),
        examples=tuple(rules.get("examples", ())),
        placeholder=rules.get("x-placeholder", ""),
        help_url=rules.get("x-help-url", ""),
        allow_http=rules.get("x-allow-http", False),
        order=rules.get("x-order"),
        deprecated=rules.get("deprecated", False),
    )


def kind_of(rules: Mapping[str, Any]) -> FieldKind:
    """The kind of a checked property."""
    if is_secret(rules):
        return FieldKind.SECRET
    if "enum" in rules or "oneOf" in rules:
        return FieldKind.CHOICE
    return FieldKind(rules.get("format") or rules["type"])


def is_secret(rules: Mapping[str, Any]) -> bool:
    """The three spellings of a secret; `x-secret` is ours, the others are JSON Schema's and OpenAPI's."""
    return rules.get("x-secret") is True or rules.get("writeOnly") is True or rules.get("format") == "password"


def _properties(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from document.get("properties", {}).items()


def _choices(rules: Mapping[str, Any]) -> Iterator[Choice]:
    for value in rules.get("enum", ()):
        yield Choice(value, value)
    for option in rules.get("oneOf", ()):
        yield Choice(option["const"], option["title"], option.get("description", ""))


def _text_rules(field: Field) -> dict[str, Any]:
    rules: dict[str, Any] = {"minLength": field.min_length, "maxLength": field.max_length}
    return rules | ({"pattern": field.pattern} if field.pattern is not None else {})


def _uri_rules(field: Field) -> dict[str, Any]:
    scheme = "^[Hh][Tt][Tt][Pp][Ss]?://" if field.allow_http else "^[Hh][Tt][Tt][Pp][Ss]://"
    return {"format": "uri", "allOf": [{"pattern": scheme}], **_text_rules(field)}


def _number_rules(field: Field) -> dict[str, Any]:
    limits = {
        "minimum": field.minimum,
        "maximum": field.maximum,
        "exclusiveMinimum": field.exclusive_minimum,
        "exclusiveMaximum": field.exclusive_maximum,
        "multipleOf": field.multiple_of,
    }
    return {keyword: limit for keyword, limit in limits.items() if limit is not None}


_JSON_TYPE = {FieldKind.INTEGER: "integer", FieldKind.NUMBER: "number", FieldKind.BOOLEAN: "boolean"}
_LONGEST = {FieldKind.EMAIL: MAX_EMAIL_LENGTH, FieldKind.URI: MAX_URI_LENGTH}
_RULES: dict[FieldKind, Callable[[Field], dict[str, Any]]] = {
    FieldKind.EMAIL: lambda field: {"format": "email", **_text_rules(field)},
    FieldKind.URI: _uri_rules,
    FieldKind.CHOICE: lambda field: {"enum": [choice.value for choice in field.choices]},
    FieldKind.INTEGER: _number_rules,
    FieldKind.NUMBER: _number_rules,
    FieldKind.BOOLEAN: lambda _field: {},
}
