from typing import Any

import pytest

from kasilabs.lib.documents import json_schema
from kasilabs.lib.documents.json_schema import BadSchema, SchemaViolation

ORDER = {
    "type": "object",
    "required": ["product", "quantity"],
    "additionalProperties": False,
    "properties": {
        "product": {"type": "string", "minLength": 3, "maxLength": 20, "pattern": "^[a-z]+$"},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 20},
        "notes": {"type": "array", "items": {"type": "string", "enum": ["gate", "dog"]}, "uniqueItems": True},
        "contact": {"type": "string", "format": "email"},
    },
}


def codes(rules: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    return [
        (violation.pointer, violation.code) for violation in json_schema.compile(rules).violations(value, at="/input")
    ]


def test_a_valid_value_has_no_problem() -> None:
    assert codes(ORDER, {"product": "cylinder", "quantity": 2, "notes": ["gate"], "contact": "a@example.com"}) == []


def test_every_problem_is_reported_with_its_place() -> None:
    value = {"product": "A!", "notes": ["gate", "cat", "cat"], "contact": "nobody", "colour/size": 1}
    assert sorted(codes(ORDER, value)) == [
        ("/input/colour~1size", "unknown_key"),
        ("/input/contact", "format"),
        ("/input/notes", "uniqueItems"),
        ("/input/notes/1", "enum"),
        ("/input/notes/2", "enum"),
        ("/input/product", "minLength"),
        ("/input/product", "pattern"),
        ("/input/quantity", "required"),
    ]


def test_a_problem_says_what_is_wanted() -> None:
    found = json_schema.compile(ORDER).violations({"product": "cylinder", "quantity": 21})
    assert found == [SchemaViolation("/quantity", "maximum", "This must be at most 20.")]


@pytest.mark.parametrize("value", ["105", 105.0, 1e2, True, None, [105], 105.5])
def test_only_a_whole_number_is_an_integer(value: object) -> None:
    rules = {"properties": {"n": {"type": "integer"}}}
    assert codes(rules, {"n": value}) == [("/input/n", "type")]


@pytest.mark.parametrize(
    "rules",
    [
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"$ref": "#/$defs/n"},
        {"not": {"not": {"type": "integer"}}},
    ],
)
def test_integers_are_strict_wherever_a_schema_can_stand(rules: dict[str, Any]) -> None:
    nested = {"$defs": {"n": {"type": ["integer", "null"]}}, "items": {"prefixItems": [rules]}}
    assert json_schema.compile(nested).accepts([[5]])
    assert not json_schema.compile(nested).accepts([[5.0]])


@pytest.mark.parametrize("rules", [{"type": "number"}, {"type": ["integer", "number"]}, {"enum": [1]}])
def test_where_decimals_are_allowed_they_pass(rules: dict[str, Any]) -> None:
    assert json_schema.compile(rules).accepts(1.0)


def test_data_that_looks_like_a_schema_is_left_alone() -> None:
    rules = {"const": {"type": "integer"}, "default": {"type": "integer"}, "enum": [{"type": "integer"}]}
    assert json_schema.compile(rules).accepts({"type": "integer"})


def test_no_message_holds_the_value() -> None:
    canary = "canary-7f2q"
    rules = {
        "properties": {
            "a": {"type": "integer"},
            "b": {"maxLength": 1, "pattern": "^x$", "format": "uuid", "const": "z", "enum": ["z"], "not": {}},
            "c": {"anyOf": [{"type": "null"}], "oneOf": [True, True], "allOf": [False]},
            "d": {"items": {"maxLength": 1}, "contains": {"type": "null"}, "uniqueItems": True},
            "e": {"propertyNames": {"maxLength": 1}, "minProperties": 2, "unevaluatedProperties": False},
        }
    }
    value = {"a": canary, "b": canary, "c": canary, "d": [canary, canary], "e": {canary: canary}}
    found = json_schema.compile(rules).violations(value)
    assert len(found) > 12
    assert canary not in "".join(violation.message for violation in found)


BROKEN = {
    "unknown type": ({"properties": {"a": {"type": "nope"}}}, "/properties/a/type"),
    "unclosed pattern": ({"pattern": "("}, "/pattern"),
    "look-ahead": ({"properties": {"a": {"pattern": "(?=a)b"}}}, "/properties/a/pattern"),
    "back-reference": ({"pattern": r"(a)\1"}, "/pattern"),
    "explosive repeat": ({"pattern": "((a{1,1000}){1,1000}){1,1000}"}, "/pattern"),
    "unknown format": ({"format": "shoe-size"}, "/format"),
    "negative length": ({"minLength": -1}, "/minLength"),
    "reference into nothing": ({"$ref": "#/$defs/none"}, ""),
}


@pytest.mark.parametrize(("rules", "pointer"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_schema_is_refused_at_its_place(rules: dict[str, Any], pointer: str) -> None:
    with pytest.raises(BadSchema) as caught:
        json_schema.compile(rules)
    assert caught.value.pointer == pointer


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x", "file:///etc/hostname", "https://example.com/schema"])
def test_nothing_is_fetched(address: str) -> None:
    with pytest.raises(BadSchema):
        json_schema.compile({"$ref": address})


def test_a_hostile_pattern_is_matched_without_backtracking() -> None:
    """An engine that backtracks tries 2^60,000 ways before it comes to the one that fits, or gives up."""
    rules = json_schema.compile({"pattern": "^((a+)+b|a+!)$"})
    assert rules.accepts("a" * 60_000 + "!")


def test_the_list_of_problems_ends() -> None:
    rules = json_schema.compile({"items": {"type": "string"}})
    assert len(rules.violations([1] * 4_000)) == 100
    assert len(rules.violations([1] * 4_000, limit=7)) == 7


def test_display_names_and_address_literals_are_no_email_address() -> None:
    rules = json_schema.compile({"format": "email"})
    accepted = [text for text in ("a@b.co", "Ann <a@b.co>", "a@[10.0.0.1]", "a b@c.co", "@b.co") if rules.accepts(text)]
    assert accepted == ["a@b.co"]


def test_equal_schemas_are_compiled_once() -> None:
    assert json_schema.compile({"a": 1, "type": "object"}) is json_schema.compile({"type": "object", "a": 1})
    assert json_schema.compile({"type": "string"}, digest="one") is json_schema.compile(
        {"type": "string"}, digest="one"
    )
