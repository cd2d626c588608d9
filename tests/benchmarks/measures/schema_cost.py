"""What the check of a value costs at worst: ten thousand pairs of a schema and a value, made by strangers' means."""

import time
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, given, settings

from kasilabs.lib.documents import schema_cost
from kasilabs.lib.documents.json_schema import TOO_COSTLY, BadSchema, Validator
from kasilabs.lib.documents.schema_cost import MAX_FAULTS, MAX_STEPS, TooCostly
from tests.benchmarks.results import Result, most
from tests.support.schema_pairs import pairs

PAIRS = 10_000
TARGETS = (most("most_steps_checked", MAX_STEPS), most("most_faults_built", MAX_FAULTS))


def measure() -> Result:
    result, ends = Result(TARGETS), Counter[str]()
    worst = {"most_ms": 0.0, "most_steps_checked": 0.0, "most_faults_built": 0.0}

    @settings(
        max_examples=PAIRS, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(pair=pairs)
    def check(pair: tuple[dict[str, Any], Any]) -> None:
        rules, value = pair
        try:
            validator = Validator(rules)
        except (BadSchema, TooCostly):
            ends["schemas_refused"] += 1
            return
        started = time.process_time()
        found = validator.violations(value)
        worst["most_ms"] = max(worst["most_ms"], 1_000 * (time.process_time() - started))
        size = schema_cost.size(value)
        steps = validator.weight.steps_for(size)
        if [each.code for each in found] == [TOO_COSTLY]:
            ends["values_refused"] += 1
            return
        ends["values_invalid" if found else "values_valid"] += 1
        worst["most_steps_checked"] = max(worst["most_steps_checked"], steps)
        if found and validator.weight.faults_for(size) <= MAX_FAULTS:
            built = sum(1 for _error in validator._compiled.iter_errors(value))
            worst["most_faults_built"] = max(worst["most_faults_built"], built)

    check()
    for figure, value in {**ends, **worst}.items():
        result.add(figure, value)
    return result
