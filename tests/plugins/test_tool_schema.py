import json
from itertools import pairwise
from typing import Any

import pytest

from plugins.manifest import document
from plugins.manifest.checks import tool_schemas
from plugins.manifest.checks.errors import BadManifest
from tests.plugins.manifests import TOOL, errors, nobody_allowed, parsed, tool_errors
from tests.support.work import at_most_calls


def schema_errors(**rules: Any) -> list[tuple[str, str]]:
    """Faults of an input schema with these members; pointers start at the schema."""
    found = tool_errors(inputSchema={"type": "object", **rules})
    return [(pointer.removeprefix("/inputSchema"), code) for pointer, code in found]


def nested(levels: int) -> dict[str, Any]:
    """A schema whose JSON is `levels` deep."""
    rules: dict[str, Any] = {}
    for _level in range(levels - 2):
        rules = {"not": rules}
    return {"type": "object", "not": rules}


def test_every_keyword_of_the_dialect_is_taken() -> None:
    rules: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "c",
        "$defs": {"money": {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 9, "multipleOf": 0.5}},
        "title": "t",
        "description": "d",
        "default": {},
        "examples": [{}],
        "deprecated": False,
        "readOnly": False,
        "writeOnly": False,
        "properties": {
            "a": {"$ref": "#/$defs/money"},
            "b": {"type": ["string", "null"], "minLength": 1, "maxLength": 2, "pattern": "^a+$", "format": "uuid"},
            "c": {"type": "array", "prefixItems": [True], "items": False, "minItems": 0, "maxItems": 1},
            "d": {"contains": {}, "minContains": 1, "maxContains": 2, "uniqueItems": True, "unevaluatedItems": False},
            "e": {"if": {}, "then": {}, "else": {}, "not": {"const": 1}, "enum": [1, None]},
            "f": {"allOf": [{}], "anyOf": [{}], "oneOf": [{}], "dependentSchemas": {"a": {}}},
            "g": {"contentEncoding": "base64", "contentMediaType": "application/json", "contentSchema": {}},
            "h": {"type": "number", "minimum": 1, "maximum": 2},
            "const": {"type": "boolean"},
        },
        "patternProperties": {"^x-": {"type": "string"}},
        "propertyNames": {"maxLength": 40},
        "additionalProperties": False,
        "unevaluatedProperties": False,
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
        "minProperties": 1,
        "maxProperties": 9,
    }
    assert schema_errors(**rules) == []


UNSUPPORTED = {
    "$id": "https://example.com/x",
    "$anchor": "a",
    "$dynamicRef": "#a",
    "$dynamicAnchor": "a",
    "$vocabulary": {},
    "dependencies": {},
    "nullable": True,
    "requird": ["a"],
}


@pytest.mark.parametrize("mark", ["phone", "email", "name", "address", "id", "location"])
def test_a_property_is_marked_as_personal(mark: str) -> None:
    assert schema_errors(properties={"to": {"items": {"x-personal": mark, "x-order": 1}}}) == []


@pytest.mark.parametrize("mark", ["fone", "Phone", "", 1, None, True, ["phone"], {}])
def test_a_mark_of_another_kind_is_refused(mark: object) -> None:
    inside = {"anyOf": [{"x-personal": mark}]}
    assert schema_errors(properties={"to": inside}) == [("/properties/to/anyOf/0/x-personal", "bad_schema")]
    assert schema_errors(**{"$defs": {"x-personal": {"x-personal": mark}}}) == [
        ("/$defs/x-personal/x-personal", "bad_schema")
    ]


def test_a_property_that_is_called_like_the_mark_is_none() -> None:
    assert schema_errors(properties={"x-personal": {"type": "string"}}, required=["x-personal"]) == []


@pytest.mark.parametrize(("keyword", "value"), UNSUPPORTED.items())
def test_other_keywords_are_refused_wherever_they_stand(keyword: str, value: object) -> None:
    assert schema_errors(**{keyword: value}) == [(f"/{keyword}", "unsupported_keyword")]
    inside = {"items": {"anyOf": [{}, {keyword: value}]}}
    assert schema_errors(properties={"a": inside}) == [
        (f"/properties/a/items/anyOf/1/{keyword}", "unsupported_keyword")
    ]


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/x",
        "file:///etc/passwd",
        "#",
        "#/properties/a",
        "other.json",
        "#/$defs",
        "/$defs/b",
        "#$defs/b",
        "#/$defs/%ff",
    ],
)
def test_only_references_into_defs_are_followed(reference: str) -> None:
    rules = {"$defs": {"b": {"type": "string"}}, "properties": {"a": {"$ref": reference}}}
    assert schema_errors(**rules) == [("/properties/a/$ref", "unsupported_keyword")]


@pytest.mark.parametrize(
    "reference", ["#/$defs/none", "#/$defs/a/type", "#/$defs/a/anyOf/2", "#/$defs/a/anyOf/-1", "#/$defs/a/default"]
)
def test_a_reference_must_lead_to_a_schema(reference: str) -> None:
    rules: dict[str, Any] = {"$defs": {"a": {"type": "string", "anyOf": [{}, True], "default": {}}}}
    rules["properties"] = {"a": {"$ref": reference}}
    assert schema_errors(**rules) == [("/properties/a/$ref", "bad_schema")]


@pytest.mark.parametrize("reference", ["#/$defs/a~1b~0", "#/$defs/a~1b~0/anyOf/1"])
def test_references_are_json_pointers(reference: str) -> None:
    assert schema_errors(**{"$defs": {"a/b~": {"anyOf": [{}, True]}}, "properties": {"a": {"$ref": reference}}}) == []


def test_references_are_percent_decoded_before_anything_looks_at_them() -> None:
    names = {"Parcel number": {"type": "string"}, "\u00e9": {}, "a/b": {}}
    references = ["#/$defs/Parcel%20number", "#/%24defs/%C3%A9", "#%2F$defs%2Fa~1b", "#/$defs/a%7e1b"]
    properties = {f"p{number}": {"$ref": reference} for number, reference in enumerate(references)}
    assert schema_errors(**{"$defs": names, "properties": properties}) == []


def test_a_percent_sign_hides_no_reference_that_leads_to_itself() -> None:
    rules = {"$defs": {"l": {"$ref": "#/$defs/%6c"}, "%6c": {"type": "string"}}}
    assert schema_errors(**rules, properties={"value": {"$ref": "#/$defs/%6c"}}) == [("", "bad_schema")]


def test_a_percent_sign_hides_no_references_that_multiply() -> None:
    """Each level is written twice: as the bomb that is followed, and harmless under the name as it is spelled."""
    letters = "abcdefghijklmnop"
    definitions: dict[str, Any] = {letters[-1]: {"type": "string"}}
    for letter, following in pairwise(letters):
        reference = {"$ref": f"#/$defs/%{ord(following):x}"}
        definitions[letter] = {"anyOf": [{"type": "array", "items": reference}, reference, reference]}
        definitions[f"%{ord(following):x}"] = {"type": "string"}
    assert schema_errors(**{"$defs": definitions, "properties": {"value": {"$ref": "#/$defs/a"}}}) == [
        ("", "bad_schema")
    ]


def test_definitions_of_older_drafts_are_read_as_defs() -> None:
    rules = {"definitions": {"town": {"type": "string"}}, "properties": {"a": {"$ref": "#/definitions/town"}}}
    assert schema_errors(**rules) == []
    validator = parsed(tools=[{**TOOL, "inputSchema": {"type": "object", **rules}}]).tools[0].input_validator
    assert [violation.pointer for violation in validator.violations({"a": 1})] == ["/a"]
    assert schema_errors(**rules, **{"$defs": {"town": {}}}) == [("/definitions/town", "duplicate")]


RULES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "other dialect": ({"$schema": "http://json-schema.org/draft-04/schema#"}, [("/$schema", "bad_schema")]),
    "dialect inside": (
        {"properties": {"a": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}},
        [("/properties/a/$schema", "unsupported_keyword")],
    ),
    "array": ({"type": "array"}, [("/type", "bad_schema")]),
    "type list": ({"type": ["object", "null"]}, [("/type", "bad_schema"), ("/type", "wrong_type")]),
    "unknown type": ({"properties": {"a": {"type": "text"}}}, [("/properties/a/type", "bad_schema")]),
    "type twice": ({"items": {"type": ["string", "string"]}}, [("/items/type/1", "duplicate")]),
    "unknown format": ({"items": {"format": "phone"}}, [("/items/format", "unsupported_keyword")]),
    "format regex": ({"items": {"format": "regex"}}, [("/items/format", "unsupported_keyword")]),
    "length as text": ({"items": {"minLength": "1"}}, [("/items/minLength", "wrong_type")]),
    "length 1.0": ({"items": {"minLength": 1.0}}, [("/items/minLength", "wrong_type")]),
    "pattern as number": ({"items": {"pattern": 5}}, [("/items/pattern", "wrong_type")]),
    "length below zero": ({"items": {"minLength": -1}}, [("/items/minLength", "bad_schema")]),
    "multiple of zero": ({"items": {"multipleOf": 0}}, [("/items/multipleOf", "bad_schema")]),
    "required twice": ({"required": ["a", "a"]}, [("/required/1", "duplicate")]),
    "required as flag": ({"properties": {"a": {"required": True}}}, [("/properties/a/required", "wrong_type")]),
    "empty enum": ({"items": {"enum": []}}, [("/items/enum", "too_short")]),
    "schema as text": ({"properties": {"a": "string"}}, [("/properties/a", "wrong_type")]),
    "two bad patterns": (
        {"properties": {"a": {"pattern": "("}}, "patternProperties": {"(?!a)": {}}},
        [("/patternProperties/(?!a)", "bad_pattern"), ("/properties/a/pattern", "bad_pattern")],
    ),
    "exploding pattern": (
        {"items": {"pattern": "((a{1,1000}){1,1000}){1,1000}"}},
        [("/items/pattern", "bad_pattern")],
    ),
    "64 KiB": ({"description": "d" * 65_536}, [("", "too_large")]),
    "reference to itself": (
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}, "items": {"$ref": "#/$defs/a"}},
        [("", "bad_schema")],
    ),
}


@pytest.mark.parametrize(("rules", "expected"), RULES.values(), ids=RULES.keys())
def test_a_wrong_schema_is_refused_at_its_place(rules: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert schema_errors(**rules) == expected


def test_sixteen_levels_are_the_deepest() -> None:
    assert schema_errors(**nested(16)) == []
    assert schema_errors(**nested(17)) == [("", "too_deep")]


def test_an_output_schema_follows_the_same_rules_but_may_be_open() -> None:
    assert tool_errors(outputSchema={"oneOf": [{"type": "object"}]}) == []
    assert tool_errors(outputSchema={"$id": "x"}) == [("/outputSchema/$id", "unsupported_keyword")]
    assert tool_errors(outputSchema=True) == [("/outputSchema", "wrong_type")]


def test_a_recursive_schema_is_taken_and_checks_every_level() -> None:
    node = {"type": "object", "additionalProperties": False, "properties": {"child": {"$ref": "#/$defs/node"}}}
    rules = {"type": "object", "properties": {"tree": {"$ref": "#/$defs/node"}}, "$defs": {"node": node}}
    validator = parsed(tools=[{**TOOL, "inputSchema": rules}]).tools[0].input_validator
    violations = validator.violations({"tree": {"child": {"child": {"x": 1}}}})
    assert [violation.pointer for violation in violations] == ["/tree/child/child/x"]


def doubling(levels: int) -> dict[str, Any]:
    definitions: dict[str, Any] = {
        f"a{level}": {"allOf": [{"not": {"$ref": f"#/$defs/a{level + 1}"}}] * 2} for level in range(levels)
    }
    return {"$defs": {**definitions, f"a{levels}": {}}, "items": {"$ref": "#/$defs/a0"}}


def test_references_that_multiply_are_refused() -> None:
    assert schema_errors(**doubling(4)) == []
    assert schema_errors(**doubling(40)) == [("", "bad_schema")]


def test_recursion_that_multiplies_is_refused() -> None:
    twice = {"anyOf": [{"properties": {"x": {"$ref": "#/$defs/a"}}}] * 2}
    assert schema_errors(**{"$defs": {"a": twice}, "items": {"$ref": "#/$defs/a"}}) == [("", "bad_schema")]


def test_unevaluated_keywords_that_multiply_are_refused() -> None:
    definitions: dict[str, Any] = {
        f"a{level}": {"unevaluatedProperties": False, "allOf": [{"$ref": f"#/$defs/a{level + 1}"}]}
        for level in range(9)
    }
    assert schema_errors(**{"$defs": {**definitions, "a9": {}}, "properties": {"a": {"$ref": "#/$defs/a0"}}}) == [
        ("", "bad_schema")
    ]


def test_patterns_of_many_repeats_have_a_budget_in_all_tools_together() -> None:
    large = {f"p{number}": {"pattern": f"1[01]{{{number + 1_000}}}2"} for number in range(100)}
    rules = {"type": "object", "properties": large}
    assert schema_errors(properties=large) == []
    tools = [{**TOOL, "name": name, "inputSchema": rules | {"title": name}} for name in ("one", "two")]
    over = [f"/tools/1/inputSchema/properties/p{number}/pattern" for number in range(83, 100)]
    assert errors(tools=tools) == [(pointer, "bad_pattern") for pointer in over]


MUCH_WORK = 5_000_000
"""Calls and returns. Today the worst of these makes half as many; looks that multiply make thousands of times more."""

HOSTILE: dict[str, Any] = {
    "long chain": {"$defs": {f"a{n}": {"not": {"$ref": f"#/$defs/a{n + 1}"}} for n in range(1_500)} | {"a1500": {}}},
    "long ladder": {"$defs": {f"a{n}": {"items": {"$ref": f"#/$defs/a{n + 1}"}} for n in range(1_400)} | {"a1400": {}}},
    "many cycles": {"$defs": {f"a{n}": {"items": {"$ref": f"#/$defs/a{(n * 7 + 1) % 1_400}"}} for n in range(1_400)}},
    "many patterns": {"allOf": [{"pattern": rf"\w{{9}}{n}"} for n in range(2_500)]},
    "many unknown keywords": {f"minLength{n}": n for n in range(4_000)},
    "one long name, many faults": {"properties": {"p" * 30_000: {f"{n}": 1 for n in range(3_000)}}},
}


@pytest.mark.parametrize("rules", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_schema_is_judged_with_little_work(rules: dict[str, Any]) -> None:
    with at_most_calls(MUCH_WORK):
        schema_errors(**rules)


def test_thousands_of_wrong_permissions_are_judged_with_little_work() -> None:
    declared = [{"key": f"a:{n}", "label": "L", "description": "D"} for n in range(2_000)]
    used = [f"a:permission{n}" for n in range(5_000)]
    with at_most_calls(MUCH_WORK):
        assert len(errors(permissions=declared, tools=[{**TOOL, "permissions": used}])) == 101


def test_the_first_fault_of_a_chain_does_not_hide_the_next_tool() -> None:
    tools = [{**TOOL, "inputSchema": {"type": "object", "$id": "x"}}, {**TOOL, "name": "X"}]
    with pytest.raises(BadManifest) as caught:
        document.parse(
            json.dumps({"tools": tools}).encode(),
            is_allowed_host=nobody_allowed,
        )
    assert {"/tools/0/inputSchema/$id", "/tools/1/name"} < {error.pointer for error in caught.value.errors}


def test_open_objects_are_found_with_their_places() -> None:
    rules = {
        "type": "object",
        "properties": {
            "closed": {"type": "object", "additionalProperties": False},
            "open": {"type": "object"},
            "typed": {"type": "object", "additionalProperties": {"type": "string"}},
            "text": {"type": "string"},
        },
        "unevaluatedProperties": False,
        "$defs": {"a/b": {"properties": {}}},
    }
    assert list(tool_schemas.open_objects(rules)) == ["/properties/open", "/properties/typed", "/$defs/a~1b"]
