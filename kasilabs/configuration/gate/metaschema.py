"""Config Schema v1 as JSON Schema definitions: the closed schema that every configuration schema has to fit."""

from typing import Any

MAX_FIELDS = 60
FIELD_NAME = "^[A-Za-z][A-Za-z0-9_]{0,62}$"
FORMATS = ("email", "password", "uri")
LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
TYPES = ("boolean", "integer", "number", "string")

_COUNT = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "number"}
_WHOLE = {"type": "integer"}
_FLAG = {"type": "boolean"}


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most}


COMMON: dict[str, Any] = {
    "type": True,
    "title": _text(100),
    "description": _text(1000),
    "default": True,
    "examples": {"type": "array", "maxItems": 10},
    "deprecated": _FLAG,
    "x-order": {"type": "integer", "minimum": 0, "maximum": 10_000},
    "x-help-url": {"type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]://", "maxLength": 2048},
    "x-secret": _FLAG,
}

_CHOICE = {
    "type": "object",
    "properties": {
        "const": {"type": "string", "minLength": 1, "maxLength": 200},
        "title": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": _text(500),
    },
    "required": ["const", "title"],
    "additionalProperties": False,
}

STRING: dict[str, Any] = {
    **COMMON,
    "x-placeholder": _text(200),
    "minLength": _COUNT,
    "maxLength": {"type": "integer", "minimum": 1, "maximum": 16_384},
    "pattern": _text(1000),
    "x-pattern-message": _text(200),
    "format": {"type": "string", "enum": list(FORMATS)},
    "x-allow-http": _FLAG,
    "enum": {
        "type": "array",
        "minItems": 1,
        "maxItems": 500,
        "uniqueItems": True,
        "items": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "oneOf": {"type": "array", "minItems": 1, "maxItems": 500, "items": _CHOICE},
    "writeOnly": _FLAG,
}

NUMBER: dict[str, Any] = {
    **COMMON,
    "x-placeholder": _text(200),
    **dict.fromkeys(LIMITS, _NUMBER),
    "multipleOf": {"type": "number", "exclusiveMinimum": 0},
}

INTEGER: dict[str, Any] = {
    **NUMBER,
    **dict.fromkeys(LIMITS, _WHOLE),
    "multipleOf": {"type": "integer", "minimum": 1},
}

KEYWORDS = {**STRING, **NUMBER}


def _for_type(name: str, keywords: dict[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
        "then": {"properties": keywords, "additionalProperties": False},
    }


CONFIG_DEFINITIONS: dict[str, Any] = {
    "configurationSchema": {
        "type": "object",
        "properties": {
            "$schema": {"const": "https://json-schema.org/draft/2020-12/schema"},
            "type": {"const": "object"},
            "title": _text(100),
            "description": _text(1000),
            "properties": {
                "type": "object",
                "maxProperties": MAX_FIELDS,
                "propertyNames": {"pattern": FIELD_NAME},
                "additionalProperties": {"$ref": "#/$defs/configurationField"},
            },
            "required": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "additionalProperties": {"const": False},
        },
        "required": ["type"],
        "additionalProperties": False,
        "description": "The settings an organization fills in; a form is made from it.",
    },
    "configurationField": {
        "type": "object",
        "properties": {"type": {"enum": list(TYPES)}},
        "required": ["type"],
        "allOf": [
            _for_type("string", STRING),
            _for_type("integer", INTEGER),
            _for_type("number", NUMBER),
            _for_type("boolean", COMMON),
        ],
    },
}
