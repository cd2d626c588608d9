from typing import Any

import pytest

from kasilabs.configuration.schema import MISSING, Choice, ConfigSchema, Field, FieldKind
from tests.plugins.manifests import errors, field_errors, parsed


def configuration(required: list[str] | None = None, **fields: Any) -> ConfigSchema:
    return parsed(
        configurationSchema={"type": "object", "required": required or [], "properties": fields}
    ).configuration


def field(**rules: Any) -> Field:
    return configuration(queue=rules).fields[0]


KINDS: dict[str, tuple[dict[str, Any], FieldKind]] = {
    "string": ({"type": "string"}, FieldKind.STRING),
    "email": ({"type": "string", "format": "email"}, FieldKind.EMAIL),
    "uri": ({"type": "string", "format": "uri"}, FieldKind.URI),
    "enum": ({"type": "string", "enum": ["a"]}, FieldKind.CHOICE),
    "oneOf": ({"type": "string", "oneOf": [{"const": "a", "title": "A"}]}, FieldKind.CHOICE),
    "integer": ({"type": "integer"}, FieldKind.INTEGER),
    "number": ({"type": "number"}, FieldKind.NUMBER),
    "boolean": ({"type": "boolean"}, FieldKind.BOOLEAN),
    "x-secret": ({"type": "string", "x-secret": True}, FieldKind.SECRET),
    "writeOnly": ({"type": "string", "writeOnly": True}, FieldKind.SECRET),
    "password": ({"type": "string", "format": "password"}, FieldKind.SECRET),
}


@pytest.mark.parametrize(("rules", "kind"), KINDS.values(), ids=KINDS.keys())
def test_each_construct_is_one_kind(rules: dict[str, Any], kind: FieldKind) -> None:
    assert field(**rules).kind is kind


def test_a_bare_field_gets_every_default() -> None:
    bare = field(type="string")
    assert bare == Field(name="queue", kind=FieldKind.STRING, title="queue")
    assert (bare.pointer, bare.default, bare.has_default, bare.max_length) == ("/queue", MISSING, False, 4096)


def test_every_keyword_reaches_the_field() -> None:
    full = configuration(
        ["queue"],
        queue={
            "type": "string",
            "title": "Queue",
            "description": "Where tickets go.",
            "default": "billing",
            "examples": ["billing"],
            "deprecated": True,
            "minLength": 2,
            "maxLength": 40,
            "pattern": "^[a-z]+$",
            "x-pattern-message": "Lower-case letters only.",
            "x-placeholder": "billing",
            "x-help-url": "https://example.com/queues",
            "x-order": 3,
            "x-secret": False,
        },
    ).fields[0]
    assert full == Field(
        name="queue",
        kind=FieldKind.STRING,
        title="Queue",
        description="Where tickets go.",
        required=True,
        default="billing",
        min_length=2,
        max_length=40,
        pattern="^[a-z]+$",
        pattern_message="Lower-case letters only.",
        examples=("billing",),
        placeholder="billing",
        help_url="https://example.com/queues",
        order=3,
        deprecated=True,
    )


def test_choices_keep_value_and_label_together() -> None:
    labelled = field(type="string", oneOf=[{"const": "ke", "title": "Kenya", "description": "Nairobi"}])
    assert labelled.choices == (Choice("ke", "Kenya", "Nairobi"),)
    assert field(type="string", enum=["ke", "ug"]).choices == (Choice("ke", "ke"), Choice("ug", "ug"))


def test_a_short_minimum_of_a_secret_is_raised_to_eight() -> None:
    assert field(type="string", **{"x-secret": True}).min_length == 8
    assert field(type="string", minLength=3, **{"x-secret": True}).min_length == 8
    assert field(type="string", minLength=12, **{"x-secret": True}).min_length == 12


def test_fields_are_shown_by_order_then_as_written() -> None:
    found = configuration(
        d={"type": "string"},
        c={"type": "string", "x-order": 2},
        a={"type": "string"},
        b={"type": "string", "x-order": 0},
    )
    assert [entry.name for entry in found.fields] == ["b", "c", "d", "a"]


def test_the_plain_validator_knows_no_secret() -> None:
    found = configuration(
        ["queue", "apiKey"],
        queue={"type": "string"},
        retries={"type": "integer", "minimum": 1, "default": 3},
        apiKey={"type": "string", "x-secret": True},
    )
    assert [secret.name for secret in found.secrets] == ["apiKey"]
    assert found.defaults() == {"retries": 3}
    assert found.plain_validator().violations({"queue": "billing", "retries": 1}) == []
    violations = found.plain_validator().violations({"retries": 0, "apiKey": "12345678"})
    assert sorted((violation.pointer, violation.code) for violation in violations) == [
        ("/apiKey", "unknown_key"),
        ("/queue", "required"),
        ("/retries", "minimum"),
    ]


VALUES: dict[str, tuple[dict[str, Any], list[Any], list[Any]]] = {
    "string": ({"type": "string", "maxLength": 3}, ["", "abc", "\U0001f600" * 3], ["abcd", 1, None, True]),
    "long string": ({"type": "string"}, ["a" * 4096], ["a" * 4097]),
    "pattern": ({"type": "string", "pattern": "^[a-z]+$", "maxLength": 9}, ["abc"], ["Abc", "abc\n"]),
    "email": ({"type": "string", "format": "email"}, ["a@example.com"], ["a", "A <a@example.com>", ""]),
    "uri": (
        {"type": "string", "format": "uri"},
        ["https://example.com/a?b=c", "HTTPS://example.com"],
        ["http://example.com/", "ftp://example.com/", "example.com", "javascript:alert(1)"],
    ),
    "uri with http": (
        {"type": "string", "format": "uri", "x-allow-http": True},
        ["http://example.com/", "https://example.com/"],
        ["ftp://example.com/"],
    ),
    "enum": ({"type": "string", "enum": ["ke", "ug"]}, ["ke"], ["KE", "", None]),
    "labels": ({"type": "string", "oneOf": [{"const": "ke", "title": "Kenya"}]}, ["ke"], ["Kenya"]),
    "integer": ({"type": "integer", "minimum": 1, "multipleOf": 5}, [5, 10], [0, 6, 5.0, "5", True]),
    "number": ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, [0.5, 1, 1.0], [0, 1.1, "1", False]),
    "boolean": ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
}


@pytest.mark.parametrize(("rules", "good", "bad"), VALUES.values(), ids=VALUES.keys())
def test_values_are_judged_strictly(rules: dict[str, Any], good: list[Any], bad: list[Any]) -> None:
    validator = configuration(queue=rules).plain_validator()
    assert [value for value in good if not validator.accepts({"queue": value})] == []
    assert [value for value in bad if validator.accepts({"queue": value})] == []


LATER: dict[str, Any] = {
    "x-multiline": True,
    "x-generate": {"bytes": 32},
    "x-show-when": {"a": 1},
    "x-group": "a",
    "x-widget": "radio",
    "x-renamed-from": ["a"],
    "readOnly": True,
}

NEVER: dict[str, Any] = {
    "$ref": "#/x",
    "allOf": [],
    "anyOf": [],
    "not": {},
    "if": {},
    "const": "a",
    "contentEncoding": "base64",
    "items": {},
    "x-colour": "red",
    "minimum": 1,
}


@pytest.mark.parametrize(("keyword", "value"), [*LATER.items(), *NEVER.items()])
def test_a_keyword_outside_the_subset_is_refused_at_its_place(keyword: str, value: Any) -> None:
    assert field_errors(type="string", **{keyword: value}) == [(f"/{keyword}", "unsupported_keyword")]


@pytest.mark.parametrize("type_", ["array", "object", "null", "text", ["string", "null"], 7, None])
def test_a_type_outside_the_subset_is_refused(type_: object) -> None:
    assert field_errors(type=type_) == [("/type", "unsupported_keyword")]


@pytest.mark.parametrize("format_", ["date", "date-time", "uuid", "ipv4", "colour"])
def test_a_format_outside_the_subset_is_refused(format_: str) -> None:
    assert field_errors(type="string", format=format_) == [("/format", "unsupported_keyword")]


RULES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "no type": ({}, [("/type", "required")]),
    "minLength as text": ({"type": "string", "minLength": "3"}, [("/minLength", "wrong_type")]),
    "minLength below zero": ({"type": "string", "minLength": -1}, [("/minLength", "bad_schema")]),
    "lengths crossed": ({"type": "string", "minLength": 5, "maxLength": 4}, [("/maxLength", "bad_schema")]),
    "limits crossed": ({"type": "number", "minimum": 2, "maximum": 1.5}, [("/maximum", "bad_schema")]),
    "limits meet but exclude": (
        {"type": "integer", "minimum": 2, "exclusiveMaximum": 2},
        [("/exclusiveMaximum", "bad_schema")],
    ),
    "decimal limit of an integer": ({"type": "integer", "minimum": 1.5}, [("/minimum", "wrong_type")]),
    "limit past 2^53-1": ({"type": "integer", "maximum": 2**60}, [("/maximum", "bad_format")]),
    "pattern without maxLength": ({"type": "string", "pattern": "a"}, [("/pattern", "bad_schema")]),
    "back-reference": ({"type": "string", "pattern": r"(a)\1", "maxLength": 5}, [("/pattern", "bad_pattern")]),
    "enum and oneOf": (
        {"type": "string", "enum": ["a"], "oneOf": [{"const": "a", "title": "A"}]},
        [("/oneOf", "bad_schema")],
    ),
    "enum twice the same": ({"type": "string", "enum": ["a", "a"]}, [("/enum/1", "duplicate")]),
    "enum of numbers": ({"type": "string", "enum": [1]}, [("/enum/0", "wrong_type")]),
    "empty enum": ({"type": "string", "enum": []}, [("/enum", "too_short")]),
    "oneOf of schemas": (
        {"type": "string", "oneOf": [{"type": "string"}]},
        [
            ("/oneOf/0/const", "required"),
            ("/oneOf/0/title", "required"),
            ("/oneOf/0/type", "unsupported_keyword"),
        ],
    ),
    "two choices alike": (
        {"type": "string", "oneOf": [{"const": "a", "title": "A"}, {"const": "a", "title": "B"}]},
        [("/oneOf", "bad_schema")],
    ),
    "choice with pattern": (
        {"type": "string", "enum": ["a"], "pattern": "a", "maxLength": 1},
        [("/maxLength", "unsupported_keyword"), ("/pattern", "unsupported_keyword")],
    ),
    "default outside": ({"type": "integer", "maximum": 5, "default": 6}, [("/default", "bad_schema")]),
    "default of another type": ({"type": "integer", "default": 5.0}, [("/default", "bad_schema")]),
    "null default": ({"type": "string", "default": None}, [("/default", "bad_schema")]),
    "http help": ({"type": "string", "x-help-url": "http://example.com/"}, [("/x-help-url", "bad_schema")]),
    "http without uri": ({"type": "string", "x-allow-http": True}, [("/x-allow-http", "unsupported_keyword")]),
    "message without pattern": (
        {"type": "string", "x-pattern-message": "No."},
        [("/x-pattern-message", "unsupported_keyword")],
    ),
    "secret with examples and pattern": (
        {"type": "string", "writeOnly": True, "examples": ["a"], "pattern": "a", "maxLength": 9},
        [("/examples", "unsupported_keyword"), ("/pattern", "unsupported_keyword")],
    ),
    "secret email": ({"type": "string", "x-secret": True, "format": "email"}, [("/format", "unsupported_keyword")]),
    "secret integer": ({"type": "integer", "x-secret": True}, [("/x-secret", "unsupported_keyword")]),
    "secret and not": ({"type": "string", "x-secret": False, "writeOnly": True}, [("/x-secret", "bad_schema")]),
    "secret of at most seven": ({"type": "string", "x-secret": True, "maxLength": 7}, [("/maxLength", "bad_schema")]),
}


@pytest.mark.parametrize(("rules", "expected"), RULES.values(), ids=RULES.keys())
def test_a_field_that_contradicts_itself_is_refused(rules: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert field_errors(**rules) == expected


@pytest.mark.parametrize(
    "name", ["secret", "accessToken", "PASSWORD", "passwd", "api_key", "privateKey", "credentials"]
)
def test_a_name_that_sounds_like_a_secret_needs_a_yes_or_no(name: str) -> None:
    assert field_errors(name, type="string") == [("", "bad_schema")]
    assert field_errors(name, type="string", **{"x-secret": False}) == []
    assert field_errors(name, type="string", **{"x-secret": True}) == []


@pytest.mark.parametrize("name", ["2fa", "_a", "a-b", "a b", "é", "", "a" * 64, "PATH", "csrfmiddlewaretoken", "a__b"])
def test_a_name_that_cannot_be_a_field_is_refused(name: str) -> None:
    found = errors(configurationSchema={"type": "object", "properties": {name: {"type": "string", "x-secret": False}}})
    assert found == [(f"/configurationSchema/properties/{name}", "bad_format")]


ROOTS: dict[str, tuple[Any, list[tuple[str, str]]]] = {
    "no object": ([], [("", "wrong_type")]),
    "empty": ({}, [("/type", "required")]),
    "other type": ({"type": "array"}, [("/type", "bad_schema")]),
    "open": ({"type": "object", "additionalProperties": True}, [("/additionalProperties", "unsupported_keyword")]),
    "groups": ({"type": "object", "x-groups": []}, [("/x-groups", "unsupported_keyword")]),
    "dependentRequired": ({"type": "object", "dependentRequired": {}}, [("/dependentRequired", "unsupported_keyword")]),
    "61 fields": (
        {"type": "object", "properties": {f"f{n}": {"type": "string"} for n in range(61)}},
        [("/properties", "too_long")],
    ),
    "required twice": (
        {"type": "object", "required": ["a", "a"], "properties": {"a": {"type": "string"}}},
        [("/required/1", "duplicate")],
    ),
    "two orders alike": (
        {
            "type": "object",
            "properties": {"a": {"type": "string", "x-order": 1}, "b": {"type": "string", "x-order": 1}},
        },
        [("/properties/b/x-order", "duplicate")],
    ),
    "too large": (
        {"type": "object", "properties": {"a": {"type": "string", "examples": ["e" * 65_536]}}},
        [("", "too_large")],
    ),
    "field as text": ({"type": "object", "properties": {"a": "string"}}, [("/properties/a", "wrong_type")]),
}


@pytest.mark.parametrize(("rules", "expected"), ROOTS.values(), ids=ROOTS.keys())
def test_a_root_outside_the_subset_is_refused(rules: object, expected: list[tuple[str, str]]) -> None:
    assert errors(configurationSchema=rules) == [(f"/configurationSchema{pointer}", code) for pointer, code in expected]


def test_no_schema_means_no_fields() -> None:
    assert ConfigSchema.compile({}).fields == ()
    assert ConfigSchema.compile({}).plain_validator().violations({}) == []
