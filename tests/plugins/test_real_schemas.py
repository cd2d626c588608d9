"""What authors of other platforms write: accepted where it means something, refused where nobody can take it."""

import json
from typing import Any

import pytest

from kasilabs.lib.documents.errors import DocumentError
from plugins.manifest import checklist, document
from plugins.manifest.checks.errors import BadManifest
from plugins.manifest.checks.tool_names import snake_case, suggest
from tests.plugins.manifests import MANIFEST, SCHEMA, TOOL, nobody_allowed, parsed, tool_errors

TEXT = {"type": "string", "description": "A text."}


def schema_errors(**rules: Any) -> list[tuple[str, str]]:
    """Faults of an input schema with these members; pointers start at the schema."""
    found = tool_errors(inputSchema={"type": "object", "additionalProperties": False, **rules})
    return [(pointer.removeprefix("/inputSchema"), code) for pointer, code in found]


def faults(*tools: dict[str, Any], **changes: Any) -> tuple[DocumentError, ...]:
    with pytest.raises(BadManifest) as caught:
        document.parse(json.dumps({**MANIFEST, **changes, "tools": tools}).encode(), is_allowed_host=nobody_allowed)
    return caught.value.errors


@pytest.mark.parametrize("end", ["", "#"])
@pytest.mark.parametrize(
    "dialect",
    [
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2019-09/schema",
        "http://json-schema.org/draft-07/schema",
        "http://json-schema.org/draft-06/schema",
    ],
)
def test_a_schema_may_name_the_draft_it_was_written_for(dialect: str, end: str) -> None:
    assert schema_errors(**{"$schema": dialect + end}) == []


@pytest.mark.parametrize(
    "dialect", ["http://json-schema.org/schema#", "https://json-schema.org/draft/next/schema", "x"]
)
def test_a_schema_may_name_no_other_draft(dialect: str) -> None:
    assert schema_errors(**{"$schema": dialect}) == [("/$schema", "bad_schema")]


def test_an_authors_own_keywords_are_taken_wherever_a_schema_stands() -> None:
    marked = {**TEXT, "x-generator": {"any": ["thing"]}}
    rules = {"x-source": "openapi", "properties": {"a": marked, "x-b": {"type": "array", "items": marked}}}
    assert schema_errors(**rules) == []
    assert (
        parsed(tools=[{**TOOL, "inputSchema": {"type": "object", **rules}}]).tools[0].input_schema["x-source"]
        == "openapi"
    )
    assert tool_errors(outputSchema={"type": "object", "x-a": 1}) == []


def test_an_authors_own_keyword_is_none_of_ours() -> None:
    rules = {"type": "object", "properties": {"a": {"type": "number", "x-strict-integer": True, "x-int32": "int32"}}}
    validator = parsed(tools=[{**TOOL, "inputSchema": rules}]).tools[0].input_validator
    assert validator.violations({"a": 5.0}) == []
    assert validator.violations({"a": 2**40}) == []


FORMATS = [
    ("int32", "integer", 2**31 - 1, 2**31),
    ("int32", "integer", -(2**31), -(2**31) - 1),
    ("int64", "integer", 2**63 - 1, 2**63),
    ("int64", "integer", -(2**63), -(2**63) - 1),
]


@pytest.mark.parametrize(("name", "type_", "good", "bad"), FORMATS)
def test_the_integer_formats_of_openapi_are_ranges(name: str, type_: str, good: int, bad: int) -> None:
    rules = {"type": "object", "properties": {"count": {"type": type_, "format": name}}}
    validator = parsed(tools=[{**TOOL, "inputSchema": rules}]).tools[0].input_validator
    assert validator.violations({"count": good}) == []
    assert [(each.pointer, each.code) for each in validator.violations({"count": bad})] == [("/count", "format")]


@pytest.mark.parametrize("name", ["float", "double", "byte", "binary", "password"])
def test_the_other_formats_of_openapi_are_taken_and_ask_nothing(name: str) -> None:
    rules = {"type": "object", "properties": {"a": {"type": ["string", "number"], "format": name}}}
    validator = parsed(tools=[{**TOOL, "inputSchema": rules}]).tools[0].input_validator
    assert [validator.violations({"a": value}) for value in ("no base64 !", 1e300)] == [[], []]


def test_a_title_may_stand_among_the_annotations() -> None:
    annotated = {**TOOL, "annotations": {"title": "Find a parcel", "readOnlyHint": True}}
    assert parsed(tools=[annotated]).tools[0].title == "Find a parcel"
    assert parsed(tools=[{**annotated, "title": "Find"}]).tools[0].title == "Find"
    assert tool_errors(annotations={"title": ""}) == [
        ("/annotations/title", "bad_format"),
        ("/annotations/title", "too_short"),
    ]


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf", "allOf"])
def test_what_vendors_refuse_at_the_top_of_an_input_is_refused(keyword: str) -> None:
    forms = {keyword: [{"required": ["reference"]}, {"required": ["email"]}]}
    properties = {"reference": TEXT, "email": TEXT}
    assert schema_errors(properties=properties, **forms) == [(f"/{keyword}", "bad_schema")]
    assert schema_errors(properties={"inside": {"type": "object", "properties": properties, **forms}}) == []
    assert tool_errors(outputSchema={"type": "object", "properties": properties, **forms}) == []


def test_a_property_name_that_vendors_refuse_is_refused() -> None:
    bad = ["filter[town]", "", "a b", "é", "n" * 65, "a/b"]
    good = ["a.b-c_D9", "n" * 64]
    found = schema_errors(properties=dict.fromkeys([*bad, *good], TEXT))
    places = ["/properties/", "/properties/a b", "/properties/a~1b", "/properties/filter[town]"]
    assert found == [(place, "bad_schema") for place in [*places, "/properties/" + "n" * 65, "/properties/é"]]
    assert schema_errors(properties={"inside": {"type": "object", "properties": {"a b": TEXT}}}) == []


def test_a_list_that_does_not_say_what_is_in_it_is_refused() -> None:
    bad: dict[str, Any] = {"a": {"type": "array"}, "b": {"anyOf": [{"type": ["array", "null"]}]}}
    assert schema_errors(properties=bad) == [("/properties/a", "bad_schema"), ("/properties/b/anyOf/0", "bad_schema")]
    good: dict[str, Any] = {"a": {"type": "array", "items": {}}, "b": {"type": "array", "prefixItems": [TEXT]}}
    assert schema_errors(properties=good) == []
    assert tool_errors(outputSchema={"type": "object", "properties": bad}) == []


def test_a_list_of_schemas_under_items_says_prefix_items() -> None:
    rules = {"type": "object", "properties": {"a": {"type": "array", "items": [TEXT]}}}
    (error,) = faults({**TOOL, "inputSchema": rules})
    assert (error.pointer, error.code) == ("/tools/0/inputSchema/properties/a/items", "bad_schema")
    assert "prefixItems" in (error.hint or "")


NEVER: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "options of another type": ({"type": "boolean", "enum": ["yes", "no"]}, [("/properties/a/enum", "bad_schema")]),
    "a constant of another type": ({"type": "integer", "const": "5"}, [("/properties/a/const", "bad_schema")]),
    "5.0 is no integer": ({"type": ["integer", "null"], "enum": [5.0]}, [("/properties/a/enum", "bad_schema")]),
    "true is no number": ({"type": "number", "const": True}, [("/properties/a/const", "bad_schema")]),
    "some option fits": ({"type": ["boolean", "string"], "enum": [1, "no"]}, []),
    "an integer is a number": ({"type": "number", "enum": [1]}, []),
    "null fits": ({"type": ["string", "null"], "const": None}, []),
    "objects and lists fit": ({"enum": [{}, []], "type": ["object", "array"], "items": {}}, []),
    "no type": ({"enum": ["yes"]}, []),
    "a tiny fraction": ({"type": "number", "multipleOf": 1e-10}, [("/properties/a/multipleOf", "bad_schema")]),
    "a huge fraction": ({"type": "number", "multipleOf": 1.5e9}, [("/properties/a/multipleOf", "bad_schema")]),
    "a cent": ({"type": "number", "multipleOf": 0.01}, []),
}


@pytest.mark.parametrize(("rules", "expected"), NEVER.values(), ids=NEVER.keys())
def test_what_no_value_can_meet_is_refused(rules: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert schema_errors(properties={"a": rules}) == expected


def test_a_closed_object_cannot_require_what_it_lacks() -> None:
    closed = {"properties": {"reference": TEXT}, "required": ["reference", "ghost"]}
    (error,) = faults({**TOOL, "inputSchema": {"type": "object", "additionalProperties": False, **closed}})
    assert (error.pointer, error.code) == ("/tools/0/inputSchema/required", "bad_schema")
    assert "ghost" in error.message
    assert schema_errors(**closed, additionalProperties=True) == []
    assert schema_errors(**closed, patternProperties={"^gh": TEXT}) == []


def test_a_default_that_breaks_its_own_schema_is_noticed() -> None:
    properties = {
        "town": {**TEXT, "default": None},
        "lines": {"type": "array", "items": {"type": "integer", "default": "x"}},
    }
    rules = {**SCHEMA, "properties": {"reference": TEXT, **properties}}
    item = next(
        each for each in checklist.judge(parsed(tools=[{**TOOL, "inputSchema": rules}])) if each.key == "defaults"
    )
    assert (item.verdict, item.pointers) == ("warn", ("/tools/0/inputSchema/properties/town/default",))
    assert '"type": [.., "null"]' in item.detail
    properties["town"] = {"type": ["string", "null"], "default": None, "description": "Town."}
    item = next(
        each
        for each in checklist.judge(
            parsed(tools=[{**TOOL, "inputSchema": rules | {"properties": properties, "required": []}}])
        )
        if each.key == "defaults"
    )
    assert (item.verdict, item.pointers) == ("warn", ("/tools/0/inputSchema/properties/lines/items/default",))


def test_a_default_is_held_against_what_its_reference_leads_to() -> None:
    rules = {
        **SCHEMA,
        "properties": {"reference": {"$ref": "#/definitions/t", "default": 5}},
        "definitions": {"t": TEXT},
    }
    items = checklist.judge(parsed(tools=[{**TOOL, "inputSchema": rules}]))
    assert next(each.verdict for each in items if each.key == "defaults") == "warn"
    assert next(each.verdict for each in checklist.judge(parsed()) if each.key == "defaults") == "pass"


def test_a_long_description_is_noticed() -> None:
    text = f"{TOOL['description']}{' Say more.' * 110}"
    items = checklist.judge(parsed(tools=[{**TOOL, "description": text}]))
    assert next(each.verdict for each in items if each.key == "descriptions") == "warn"


SNAKE = {
    "API-post-search": "api_post_search",
    "getUser": "get_user",
    "getHTTPResponse": "get_http_response",
    "list.files v2": "list_files_v2",
    "__x__y": "x_y",
    "Übersicht öffnen": "ubersicht_offnen",
    "3d_model": "tool_3d_model",
    "x": "tool_x",
    "查询": "tool",
    "find_ticket": "find_ticket",
}


@pytest.mark.parametrize(("name", "expected"), SNAKE.items())
def test_names_are_snake_cased(name: str, expected: str) -> None:
    assert snake_case(name) == expected


def test_a_suggested_name_fits_and_is_free() -> None:
    assert suggest("find-" + "ticket-" * 9, room=14, taken=()) == "find_ticket"
    assert suggest("a" * 60, room=14, taken=()) == "a" * 14
    assert suggest("find-ticket", room=48, taken={"find_ticket", "find_ticket_2"}) == "find_ticket_3"
    assert suggest("find-ticket", room=11, taken={"find_ticket"}) == "find_2"


def test_a_refused_name_gets_one_that_can_be_pasted() -> None:
    names = ["API-post-search", "api_post_search", "n" * 49]
    found = faults(*({**TOOL, "name": name} for name in names))
    assert [(error.pointer, error.code, error.hint) for error in found] == [
        ("/tools/0/name", "bad_format", "Use this name: api_post_search_2"),
        ("/tools/2/name", "too_long", "Use this name: " + "n" * 48),
    ]


def test_a_name_too_long_for_its_slug_gets_a_shorter_one() -> None:
    slug = "S" * 40
    (error,) = faults({**TOOL, "name": "find_ticket_of_customer_by_reference"}, slug=slug)
    assert (error.code, error.hint) == ("name_too_long", "Use this name: find_ticket_of")
    assert document.parse(
        json.dumps({**MANIFEST, "slug": slug, "tools": [{**TOOL, "name": "find_ticket_of"}]}).encode(),
        is_allowed_host=nobody_allowed,
    )
