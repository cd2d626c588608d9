"""What a check costs, in steps and never in time: the pairs that froze a worker, and those that people need."""

from typing import Any

import pytest

from kasilabs.lib.documents import json_schema, resolved_schema, schema_cost
from kasilabs.lib.documents.json_schema import TOO_COSTLY, SchemaViolation, Validator
from kasilabs.lib.documents.schema_cost import MAX_FAULTS, MAX_STEPS, Size, TooCostly

TEXT = {"type": "string"}
NAMES = [f"name{number}" for number in range(1_000)]
LINE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["sku", "name", "quantity", "unitAmountMinor"],
    "properties": {
        "sku": {"type": "string", "maxLength": 40},
        "name": {"type": "string", "maxLength": 200},
        "quantity": {"type": "integer", "minimum": 1, "maximum": 10_000},
        "unitAmountMinor": {"type": "integer", "minimum": 0},
    },
}
ORDER = {"type": "object", "properties": {"items": {"type": "array", "items": LINE}}, "required": ["items"]}
EIGHT = {"type": "array", "items": {"type": "object", "required": [f"field{number}" for number in range(8)]}}


def steps(rules: dict[str, Any], value: Any) -> int:
    return Validator(rules).weight.steps_for(schema_cost.size(value))


def order(lines: int) -> dict[str, Any]:
    return {"items": [{"sku": "A-1", "name": "Cylinder", "quantity": 1, "unitAmountMinor": 5}] * lines}


def test_a_size_counts_places_and_text() -> None:
    assert schema_cost.size({"a": ["é", 1, None, {}], "bc": 1.5}) == Size(places=7, text=5)
    assert schema_cost.size([1e17, 1e-18, 10**40, 0, 0.0, -1e16]) == Size(places=7 + 3 * 12, text=0)


def test_an_ordinary_call_has_few_steps_and_an_order_of_four_hundred_lines_passes() -> None:
    ticket = {"type": "object", "required": ["subject"], "properties": {"subject": TEXT, "note": TEXT}}
    assert steps(ticket, {"subject": "No invoice"}) < 20
    assert 100_000 < steps(ORDER, order(400)) < 120_000
    assert Validator(ORDER).violations(order(400)) == []


def test_a_thousand_lines_with_every_country_pass() -> None:
    country = {"type": "string", "enum": [f"C{number}" for number in range(250)]}
    quantity = {"type": "integer", "multipleOf": 5}
    line = {"type": "object", "properties": {**LINE["properties"], "country": country, "quantity": quantity}}
    lines = [{"sku": "A", "name": "B", "quantity": 5, "unitAmountMinor": 5, "country": "C249"}] * 1_000
    rules = {"type": "object", "properties": {"items": {"type": "array", "items": line}}}
    assert steps(rules, {"items": lines}) < 800_000
    assert Validator(rules).accepts({"items": lines})


BAD_PAIRS: dict[str, tuple[dict[str, Any], Any]] = {
    "a thousand required names": ({"items": {"required": NAMES}}, [{}] * 9_000),
    "a thousand properties": ({"items": {"properties": dict.fromkeys(NAMES, True)}}, [{}] * 9_000),
    "dependent names": ({"items": {"dependentRequired": {"a": NAMES}}}, [{"a": 1}] * 4_000),
    "an option list of numbers": ({"items": {"enum": list(range(100))}}, [5] * 30_000),
    "fractions": ({"items": {"enum": [n / 7 for n in range(20)]}}, [0.1] * 10_000),
    "multiples of a fraction": ({"items": {"multipleOf": 0.01}}, [1.5] * 30_000),
    "combinations": ({"items": {"allOf": [{"anyOf": [TEXT] * 20}] * 20}}, [1] * 30_000),
    "many patterns for one text": ({"allOf": [{"pattern": f"a{n}"} for n in range(300)]}, "b" * 64_000),
    "one pattern of many repeats": ({"pattern": "1[01]{1000}[2-9]"}, "10" * 32_000),
    "patterns for names": ({"patternProperties": {f"a{n}": True for n in range(150)}}, {"b" * 64_000: 1}),
    "large numbers": ({"items": {"enum": list(range(100))}}, [10**300] * 200),
}


@pytest.mark.parametrize(("rules", "value"), BAD_PAIRS.values(), ids=BAD_PAIRS.keys())
def test_a_value_that_costs_too_much_with_its_schema_is_not_checked(rules: dict[str, Any], value: Any) -> None:
    assert steps(rules, value) > MAX_STEPS
    found = Validator(rules).violations(value, at="/input")
    assert [(each.pointer, each.code) for each in found] == [("/input", TOO_COSTLY)]
    assert not Validator(rules).accepts(value)


REFUSED: dict[str, dict[str, Any]] = {
    "an option list of objects": {"items": {"enum": [{"a": number} for number in range(5_000)]}},
    "four thousand required names": {"required": [f"n{number}" for number in range(4_000)]},
    "references that multiply": {
        "$ref": "#/$defs/a0",
        "$defs": {
            **{f"a{n}": {"anyOf": [{"$ref": f"#/$defs/a{n + 1}"}] * 4} for n in range(8)},
            "a8": TEXT,
        },
    },
}


@pytest.mark.parametrize("rules", REFUSED.values(), ids=REFUSED.keys())
def test_a_schema_that_could_not_check_a_thousand_places_is_refused(rules: dict[str, Any]) -> None:
    with pytest.raises(TooCostly, match="too costly to check"):
        Validator(rules)


def test_the_same_schema_costs_the_same_written_out_and_with_references() -> None:
    referenced = {
        "$ref": "#/$defs/order",
        "$defs": {"line": LINE, "order": {**ORDER, "properties": {"items": {"items": {"$ref": "#/$defs/line"}}}}},
    }
    written = {**ORDER, "properties": {"items": {"items": LINE}}}
    weights = [schema_cost.measure(resolved_schema.resolve(each)) for each in (referenced, written)]
    assert weights[0].steps - weights[1].steps <= 2
    assert weights[0].faults == weights[1].faults


def test_recursion_costs_no_more_than_its_deepest_place() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {"x": TEXT, "child": {"$ref": "#/$defs/node"}}}
    tree = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    assert Validator(tree).weight.steps < 10


def test_of_many_faults_the_first_is_named_and_only_one_is_built() -> None:
    lines: list[Any] = [{}] * 21_000
    assert Validator(EIGHT).weight.faults_for(schema_cost.size(lines)) > MAX_FAULTS
    assert Validator(EIGHT).violations(lines) == [SchemaViolation("/0/field0", "required", "This is required.")]


def test_of_few_faults_all_are_named() -> None:
    assert len(Validator(EIGHT).violations([{}] * 12)) == 96
    assert len(Validator(EIGHT).violations([{}] * 50)) == 100


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf", "not"])
def test_no_faults_are_built_inside_a_form_that_fails(keyword: str) -> None:
    """The validator would build the whole context of a failing `anyOf`: here 2,000 faults for each of two forms."""
    form: Any = {"items": {"type": "integer"}}
    rules = {"properties": {"a": {keyword: [form, form] if keyword != "not" else {"items": TEXT}}}}
    found = json_schema.compile(rules).violations({"a": ["x"] * 2_000})
    assert [(each.pointer, each.code) for each in found] == [("/a", keyword)]


def test_what_a_form_has_looked_at_counts_as_evaluated() -> None:
    rules = {"anyOf": [{"properties": {"a": TEXT}}, {"properties": {"b": TEXT}}], "unevaluatedProperties": False}
    found = json_schema.compile(rules).violations({"a": "x", "c": "x"})
    assert [(each.pointer, each.code) for each in found] == [("/c", "unknown_key")]


def test_a_schema_of_the_platform_has_no_bound_of_steps() -> None:
    rules = {"items": {"required": NAMES}}
    found = Validator(rules, is_ours=True).violations([{}] * 9_000)
    assert [(each.pointer, each.code) for each in found] == [("/0/name0", "required")]
