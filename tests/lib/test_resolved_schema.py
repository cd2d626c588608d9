from typing import Any

import pytest

from kasilabs.lib.documents import resolved_schema
from kasilabs.lib.documents.resolved_schema import BadReference, ResolvedSchema, SchemaWalk
from tests.support.work import at_most_calls

TREE: dict[str, Any] = {
    "properties": {"tree": {"$ref": "#/$defs/a%20node"}, "definitions": {"$ref": "#/definitions/x~1y"}},
    "$defs": {"a node": {"properties": {"child": {"$ref": "#/%24defs/a%20node"}}}, "unused": {"$ref": "#/$defs/none"}},
    "definitions": {"x/y": {"anyOf": [True, {"type": "string"}]}},
}


def test_what_is_followed_stands_under_names_that_need_no_reading() -> None:
    resolved = resolved_schema.resolve(TREE)
    assert resolved.root == {
        "properties": {"tree": {"$ref": "#/$defs/0"}, "definitions": {"$ref": "#/$defs/1"}},
    }
    assert resolved.targets == {
        "#/$defs/0": {"properties": {"child": {"$ref": "#/$defs/0"}}},
        "#/$defs/1": {"anyOf": [True, {"type": "string"}]},
    }
    assert resolved.document == {
        **resolved.root,
        "$defs": {"0": resolved.targets["#/$defs/0"], "1": resolved.targets["#/$defs/1"]},
    }


def test_a_schema_without_references_has_no_targets() -> None:
    assert resolved_schema.resolve({"type": "string", "$defs": {"a": {}}}) == ResolvedSchema({"type": "string"})
    assert resolved_schema.resolve(False).document is False


@pytest.mark.parametrize("reference", ["#/$defs/a/default", "#/$defs/b", "#/properties/a", "a", "#/$defs/%ff"])
def test_a_reference_leads_to_a_schema_under_defs(reference: str) -> None:
    with pytest.raises(BadReference):
        resolved_schema.resolve({"items": {"$ref": reference}, "$defs": {"a": {"default": {}}}})


def marks(schemas: list[Any]) -> set[str]:
    return {schema["x-mark"] for schema in schemas if "x-mark" in schema}


def test_every_schema_that_applies_at_a_place_is_found() -> None:
    phone = {"x-mark": "referenced", "allOf": [{"x-mark": "all"}], "not": {"x-mark": "not"}}
    contact = {
        "properties": {"phone": {"$ref": "#/$defs/phone", "x-mark": "beside the reference"}},
        "patternProperties": {"^ph": {"x-mark": "pattern"}, "^x": {"x-mark": "other pattern"}},
        "additionalProperties": {"x-mark": "other name"},
        "anyOf": [{"properties": {"phone": {"if": {"x-mark": "if"}, "else": {"x-mark": "else"}}}}],
    }
    rules = {
        "properties": {
            "contacts": {"prefixItems": [{"x-mark": "first"}], "items": contact, "contains": {"x-mark": "c"}}
        },
        "$defs": {"phone": phone},
    }
    walk = SchemaWalk(resolved_schema.resolve(rules))
    assert marks(walk.at(["contacts", 1, "phone"])) == {
        "beside the reference",
        "referenced",
        "all",
        "pattern",
        "if",
        "else",
    }
    assert marks(walk.at(["contacts", 1, "xylophone"])) == {"other pattern"}
    assert marks(walk.at(["contacts", 1, "town"])) == {"other name"}
    assert marks(walk.at(["contacts", 0])) == {"first"}
    assert walk.at(["other", 3]) == []


def test_a_reference_to_itself_ends() -> None:
    rules = {"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}}
    assert len(SchemaWalk(resolved_schema.resolve(rules)).root) == 3


def test_what_applies_below_the_same_schemas_is_looked_up_once() -> None:
    """Three thousand items with as many forms: a walk that asks each of them again would freeze a worker."""
    rules = {"items": {"anyOf": [{"additionalProperties": {"minLength": number}} for number in range(400)]}}
    walk = SchemaWalk(resolved_schema.resolve(rules))
    with at_most_calls(300_000):
        places = [walk.at([index, f"name{index}"]) for index in range(3_000)]
    assert {id(each) for each in places} == {id(places[0])}
    assert len(places[0]) == 400
