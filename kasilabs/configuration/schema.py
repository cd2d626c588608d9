"""Config Schema v1, compiled: one list of fields that form, validation and documentation are made from.

`kasilabs.configuration.gate` checks what a `configurationSchema` may hold; here it is checked already.
"""

from collections.abc import Mapping
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
    """What a field holds. It decides the form field and the rules."""

    STRING = "string"
    EMAIL = "email"
    URI = "uri"
    CHOICE = "choice"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    SECRET = "secret"


_DEFAULT_MAX_LENGTHS = {FieldKind.EMAIL: MAX_EMAIL_LENGTH, FieldKind.URI: MAX_URI_LENGTH}


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

    @classmethod
    def compile(cls, name: str, rules: Mapping[str, Any], *, required: bool = False) -> "Field":
        """Returns the field of one checked property of a configuration schema."""
        kind = kind_of(rules)
        enum, one_of = rules.get("enum", ()), rules.get("oneOf", ())
        choices = [Choice(value, value) for value in enum]
        choices += [Choice(option["const"], option["title"], option.get("description", "")) for option in one_of]
        return cls(
            name=name,
            kind=kind,
            title=rules.get("title") or name,
            description=rules.get("description", ""),
            required=required,
            default=rules.get("default", MISSING),
            choices=tuple(choices),
            minimum=rules.get("minimum"),
            maximum=rules.get("maximum"),
            exclusive_minimum=rules.get("exclusiveMinimum"),
            exclusive_maximum=rules.get("exclusiveMaximum"),
            multiple_of=rules.get("multipleOf"),
            min_length=max(rules.get("minLength", 0), MIN_SECRET_LENGTH if kind is FieldKind.SECRET else 0),
            max_length=rules.get("maxLength", _DEFAULT_MAX_LENGTHS.get(kind, MAX_LENGTH)),
            pattern=rules.get("pattern"),
            pattern_message=rules.get("x-pattern-message", ""),
            examples=tuple(rules.get("examples", ())),
            placeholder=rules.get("x-placeholder", ""),
            help_url=rules.get("x-help-url", ""),
            allow_http=rules.get("x-allow-http", False),
            order=rules.get("x-order"),
            deprecated=rules.get("deprecated", False),
        )

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
    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema of one value of this field."""
        match self.kind:
            case FieldKind.BOOLEAN:
                return {"type": "boolean"}
            case FieldKind.INTEGER | FieldKind.NUMBER:
                limits = {
                    "minimum": self.minimum,
                    "maximum": self.maximum,
                    "exclusiveMinimum": self.exclusive_minimum,
                    "exclusiveMaximum": self.exclusive_maximum,
                    "multipleOf": self.multiple_of,
                }
                stated = {keyword: limit for keyword, limit in limits.items() if limit is not None}
                return {"type": self.kind.value, **stated}
            case FieldKind.CHOICE:
                return {"type": "string", "enum": [choice.value for choice in self.choices]}
        rules: dict[str, Any] = {"type": "string"}
        if self.kind is FieldKind.EMAIL:
            rules["format"] = "email"
        if self.kind is FieldKind.URI:
            scheme = "^[Hh][Tt][Tt][Pp][Ss]?://" if self.allow_http else "^[Hh][Tt][Tt][Pp][Ss]://"
            rules |= {"format": "uri", "allOf": [{"pattern": scheme}]}
        rules |= {"minLength": self.min_length, "maxLength": self.max_length}
        if self.pattern is not None:
            rules["pattern"] = self.pattern
        return rules


@dataclass(frozen=True)
class ConfigSchema:
    """The fields in the order they are shown, the schema they were read from, and its digest."""

    fields: tuple[Field, ...]
    document: Mapping[str, Any]
    digest: str

    @classmethod
    def compile(cls, document: Mapping[str, Any]) -> "ConfigSchema":
        """Returns the fields of a checked `configurationSchema`; an empty document has none."""
        required = document.get("required", ())
        properties = document.get("properties", {}).items()
        fields = [Field.compile(name, rules, required=name in required) for name, rules in properties]
        fields.sort(key=lambda field: (field.order is None, field.order or 0))
        return cls(tuple(fields), document, canonical_json.digest(document))

    @property
    def secrets(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.is_secret)

    @property
    def plain(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if not field.is_secret)

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def defaults(self) -> dict[str, Any]:
        """Returns the value of every field that has one before anybody sets anything."""
        return {field.name: field.default for field in self.fields if field.has_default}

    def plain_validator(self) -> json_schema.Validator:
        """Returns the validator of a whole configuration (defaults and values) without its secrets.

        Secrets never enter a validator.
        """
        return json_schema.compile(self._plain_schema, digest=f"configuration {self.digest}")

    @cached_property
    def _plain_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {field.name: field.json_schema for field in self.plain},
            "required": [field.name for field in self.plain if field.required],
            "additionalProperties": False,
        }


def kind_of(rules: Mapping[str, Any]) -> FieldKind:
    """Returns the kind of a checked property."""
    if is_secret(rules):
        return FieldKind.SECRET
    if "enum" in rules or "oneOf" in rules:
        return FieldKind.CHOICE
    return FieldKind(rules.get("format") or rules["type"])


def is_secret(rules: Mapping[str, Any]) -> bool:
    """Returns whether a property is a secret: `x-secret` is ours, the others are JSON Schema's and OpenAPI's."""
    return rules.get("x-secret") is True or rules.get("writeOnly") is True or rules.get("format") == "password"
