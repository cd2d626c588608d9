"""The list of tools of a number with two hundred of them, whole and revalidated, beside a view that reads one row."""

from dataclasses import replace
from statistics import median
from typing import Any

from tests.benchmarks import servers
from tests.benchmarks.load import Load, run_load
from tests.benchmarks.measures import sample_data
from tests.benchmarks.results import Result, least

ROUNDS = 5
PLUGINS, TOOLS = 10, 20
TARGETS = (least("revalidated_of_bare_view", 0.6), least("whole_of_bare_view", 0.3))


def measure() -> Result:
    result = Result(TARGETS)
    data = sample_data.make(*(_manifest(number) for number in range(PLUGINS)))
    with servers.platform() as platform, servers.bare() as bare:
        tag = servers.ask(platform.port, "/agent/v1/tools", data.headers).headers["ETag"]
        whole = Load(platform.port, "/agent/v1/tools", headers=data.headers, connections=8, seconds=3)
        revalidated = replace(whole, headers={**data.headers, "If-None-Match": tag}, status=304)
        loads = {"bare_view": replace(whole, port=bare.port, path="/row"), "whole": whole, "revalidated": revalidated}
        for load in loads.values():
            result.add_errors(run_load(replace(load, seconds=2, connections=16)).errors)
        turns = [{name: run_load(load) for name, load in loads.items()} for _ in range(ROUNDS)]
    for name in loads:
        result.add(f"{name}_per_second", median(turn[name].per_second for turn in turns))
        for turn in turns:
            result.add_errors(turn[name].errors)
    for name in ("whole", "revalidated"):
        ratios = [turn[name].per_second / turn["bare_view"].per_second for turn in turns]
        result.add(f"{name}_of_bare_view", median(ratios))
    return result


def _manifest(number: int) -> dict[str, Any]:
    tools = [{**sample_data.TOOL, "name": f"repeat_text_{place}"} for place in range(TOOLS)]
    return {"slug": f"SUPPORT_DESK_{number}", "name": f"Support Desk {number}", "tools": tools}
