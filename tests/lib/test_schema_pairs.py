"""Any schema with any value: the same answer as the library gives by itself, within the bounds."""

from typing import Any

import jsonschema_rs
from hypothesis import HealthCheck, given, settings

from kasilabs.lib.documents import json_schema, schema_cost
from kasilabs.lib.documents.json_schema import OPENAPI_FORMATS, TOO_COSTLY, BadSchema, Validator
from kasilabs.lib.documents.schema_cost import MAX_FAULTS, MAX_STEPS, TooCostly
from tests.support.schema_pairs import pairs


def as_written(rules: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    """The library's own reading of a schema, where 5.0 is an integer and formats of OpenAPI mean nothing."""
    return jsonschema_rs.Draft202012Validator(
        rules,
        validate_formats=True,
        formats=dict.fromkeys(OPENAPI_FORMATS, lambda _text: True),
        pattern_options=jsonschema_rs.RegexOptions(),
        email_options=jsonschema_rs.EmailOptions(allow_domain_literal=False, allow_display_text=False),
    )


def may_differ(rules: Any, value: Any) -> bool:
    """Whether strict integers or the ranges of integers can make a difference."""
    return "5.0" in repr(value) or "int32" in repr(rules) or "int64" in repr(rules)


@settings(max_examples=300, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(pair=pairs)
def test_every_pair_is_checked_within_the_bounds(pair: tuple[dict[str, Any], Any]) -> None:
    rules, value = pair
    try:
        validator = Validator(rules)
    except (BadSchema, TooCostly):
        return
    size = schema_cost.size(value)
    found = validator.violations(value)
    assert len(found) <= json_schema.MAX_VIOLATIONS
    if validator.weight.steps_for(size) > MAX_STEPS:
        assert [each.code for each in found] == [TOO_COSTLY]
        return
    if not may_differ(rules, value):
        assert (not found) == as_written(rules).is_valid(value)
    if validator.weight.faults_for(size) <= MAX_FAULTS:
        assert sum(1 for _error in validator._compiled.iter_errors(value)) <= validator.weight.faults_for(size)
