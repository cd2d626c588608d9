"""Tool Schema v1 as JSON Schema definitions: 2020-12 without identifiers, anchors, dynamic and remote references."""

from typing import Any

from kasilabs.lib.documents.json_schema import OPENAPI_FORMATS

DIALECT = r"^https?://json-schema\.org/(draft/2020-12|draft/2019-09|draft-07|draft-06)/schema#?$"
"""What `$schema` may name. Whatever it names, the schema is read as 2020-12."""

PROPERTY_NAME = "^[A-Za-z0-9_.-]{1,64}$"
"""The names of properties at the top of an input that the model vendors take."""

FORMATS = (
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
    *OPENAPI_FORMATS,
)
"""The formats of JSON Schema 2020-12, section 7.3, but `regex`: it would compile what an agent sends. And OpenAPI's."""

_OWN = {"^x-": True}
"""Keywords of the author's own, kept in the version and told to nobody."""

_TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]
_SCHEMA = {"$ref": "#/$defs/toolSchema"}
_SCHEMAS = {"type": "array", "minItems": 1, "items": _SCHEMA}
_NAMED_SCHEMAS = {"type": "object", "additionalProperties": _SCHEMA}
_NAMES = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
_COUNT = {"type": "integer", "minimum": 0}
_NUMBER = {"type": "number"}
_FLAG = {"type": "boolean"}
_TEXT = {"type": "string"}

KEYWORDS: dict[str, Any] = {
    "$ref": {"type": "string"},
    **dict.fromkeys(("$defs", "definitions"), _NAMED_SCHEMAS),
    "$comment": _TEXT,
    "type": {
        "type": ["string", "array"],
        "if": {"type": "string"},
        "then": {"enum": _TYPES},
        "else": {"items": {"enum": _TYPES}, "minItems": 1, "uniqueItems": True},
    },
    "enum": {"type": "array", "minItems": 1},
    "const": True,
    **dict.fromkeys(("title", "description", "contentEncoding", "contentMediaType"), _TEXT),
    "default": True,
    "examples": {"type": "array"},
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly", "uniqueItems"), _FLAG),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _NUMBER),
    "multipleOf": {"type": "number", "exclusiveMinimum": 0},
    **dict.fromkeys(
        (
            "minLength",
            "maxLength",
            "minItems",
            "maxItems",
            "minContains",
            "maxContains",
            "minProperties",
            "maxProperties",
        ),
        _COUNT,
    ),
    "pattern": _TEXT,
    "format": {"type": "string", "enum": list(FORMATS)},
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas"), _NAMED_SCHEMAS),
    "required": _NAMES,
    "dependentRequired": {"type": "object", "additionalProperties": _NAMES},
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _SCHEMAS),
    **dict.fromkeys(
        (
            "not",
            "if",
            "then",
            "else",
            "items",
            "contains",
            "propertyNames",
            "additionalProperties",
            "unevaluatedItems",
            "unevaluatedProperties",
            "contentSchema",
        ),
        _SCHEMA,
    ),
}

_ROOT_KEYWORDS = {**KEYWORDS, "$schema": {"type": "string", "pattern": DIALECT}}

TOOL_DEFINITIONS: dict[str, Any] = {
    "toolSchema": {
        "type": ["object", "boolean"],
        "properties": KEYWORDS,
        "patternProperties": _OWN,
        "additionalProperties": False,
    },
    "inputSchema": {
        "type": "object",
        "properties": {**_ROOT_KEYWORDS, "type": {"type": "string", "const": "object"}},
        "patternProperties": _OWN,
        "required": ["type"],
        "additionalProperties": False,
        "description": "JSON Schema 2020-12 of the input, an object; refuse what you do not know.",
    },
    "outputSchema": {
        "type": "object",
        "properties": _ROOT_KEYWORDS,
        "patternProperties": _OWN,
        "additionalProperties": False,
        "description": "JSON Schema 2020-12 of your answer.",
    },
}
