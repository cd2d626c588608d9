import random
from typing import Any

import pytest

from kasilabs.lib.documents import json_schema, resolved_schema, unsent_members

TEXT = {"type": "string"}
TOWN: dict[str, Any] = {"type": "object", "properties": {"town": TEXT}}


def left(value: Any, rules: dict[str, Any]) -> Any:
    return unsent_members.leave_out(value, resolved_schema.resolve(rules))


def test_an_optional_member_that_takes_no_null_is_left_out() -> None:
    assert left({"town": None, "name": "x"}, TOWN) == {"name": "x"}
    value = {"town": "Nairobi"}
    assert left(value, TOWN) is value


LEFT_OUT: dict[str, tuple[Any, dict[str, Any]]] = {
    "a property of a property": ({"a": {"town": None}}, {"properties": {"a": TOWN}}),
    "an item": ({"a": [{"town": None}, {"town": None}]}, {"properties": {"a": {"items": TOWN}}}),
    "a reference": ({"a": {"town": None}}, {"properties": {"a": {"$ref": "#/$defs/a%20b"}}, "$defs": {"a b": TOWN}}),
    "a reference beside properties": (
        {"a": None, "town": None},
        {"$ref": "#/$defs/t", "$defs": {"t": TOWN}, "properties": {"a": TEXT}},
    ),
    "recursion": (
        {"c": {"c": {"c": None}}},
        {"$ref": "#/$defs/n", "$defs": {"n": {"type": "object", "properties": {"c": {"$ref": "#/$defs/n"}}}}},
    ),
    "an enum": ({"a": None}, {"properties": {"a": {"enum": ["x"]}}}),
    "a constant": ({"a": None}, {"properties": {"a": {"const": "x"}}}),
    "anyOf inside": ({"a": None}, {"properties": {"a": {"anyOf": [TEXT, {"type": ["integer", "boolean"]}]}}}),
    "not": ({"a": None}, {"properties": {"a": {"not": {"type": "null"}}}}),
}


@pytest.mark.parametrize(("value", "rules"), LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_a_null_is_left_out_wherever_properties_items_and_references_lead(value: Any, rules: dict[str, Any]) -> None:
    assert "None" not in str(left(value, rules))


KEPT: dict[str, tuple[Any, dict[str, Any]]] = {
    "required": ({"town": None}, {**TOWN, "required": ["town"]}),
    "required beside a reference": ({"town": None}, {"$ref": "#/$defs/t", "required": ["town"], "$defs": {"t": TOWN}}),
    "an unknown name": ({"city": None}, TOWN),
    "null is taken": ({"a": None}, {"properties": {"a": {"type": ["string", "null"]}}}),
    "null is an option": ({"a": None}, {"properties": {"a": {"enum": ["x", None]}}}),
    "null is a form": ({"a": None}, {"properties": {"a": {"oneOf": [TEXT, {"type": "null"}]}}}),
    "anything is taken": ({"a": None, "b": None}, {"properties": {"a": True, "b": {"description": "b"}}}),
    "under anyOf": ({"town": None}, {"anyOf": [TOWN]}),
    "under oneOf": ({"a": {"town": None}}, {"properties": {"a": {"oneOf": [TOWN]}}}),
    "a named pattern": ({"town": None}, {"patternProperties": {"^t": TEXT}}),
    "an item itself": ({"a": [None]}, {"properties": {"a": {"items": TEXT}}}),
    "in prefixItems": ({"a": [{"town": None}]}, {"properties": {"a": {"prefixItems": [TOWN], "items": TOWN}}}),
}


@pytest.mark.parametrize(("value", "rules"), KEPT.values(), ids=KEPT.keys())
def test_other_nulls_stay(value: Any, rules: dict[str, Any]) -> None:
    assert left(value, rules) == value


def test_whether_null_is_taken_is_what_the_validator_says() -> None:
    chance = random.Random(3)
    leaves: list[Any] = [True, False, {}, TEXT, {"type": "null"}, {"type": ["null", "string"]}, {"const": None}]
    leaves += [
        {"const": 1},
        {"enum": [None, 1]},
        {"enum": [1]},
        {"minLength": 3},
        {"format": "email"},
        {"required": ["a"]},
    ]

    def schema(depth: int) -> Any:
        if not depth or chance.random() < 0.2:
            return chance.choice(leaves)
        keyword = chance.choice(["anyOf", "oneOf", "allOf", "not", "if", "$ref"])
        if keyword == "$ref":
            return {"$ref": f"#/$defs/{chance.randrange(3)}"}
        if keyword == "not":
            return {"not": schema(depth - 1)}
        if keyword == "if":
            return {name: schema(depth - 1) for name in ("if", *chance.sample(["then", "else"], chance.randrange(3)))}
        return {keyword: [schema(depth - 1) for _each in range(chance.randint(1, 3))]}

    for _round in range(500):
        rules = {"properties": {"a": schema(3)}, "$defs": {str(number): chance.choice(leaves) for number in range(3)}}
        is_taken = json_schema.Validator(rules).accepts({"a": None})
        assert left({"a": None}, rules) == ({"a": None} if is_taken else {})
