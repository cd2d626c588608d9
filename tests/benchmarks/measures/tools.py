"""The list of tools of a number with two hundred of them, whole and revalidated."""

from dataclasses import replace
from statistics import median
from typing import Any

from tests.benchmarks import running
from tests.benchmarks.figures import Result, least, most
from tests.benchmarks.load import Load, run
from tests.benchmarks.measures import platform

ROUNDS = 3
PLUGINS, TOOLS = 10, 20
TARGETS = (
    most("p50_ms", 6),
    least("revalidated_per_second", 500),
    least("per_second", 200),
)


def measure() -> Result:
    result = Result(TARGETS)
    made = platform.platform(*(_manifest(number) for number in range(PLUGINS)))
    with running.platform() as web:
        tag = running.ask(web.port, "/agent/v1/tools", made.headers).headers["ETag"]
        whole = Load(web.port, "/agent/v1/tools", headers=made.headers, connections=8)
        known = replace(whole, headers={**made.headers, "If-None-Match": tag}, status=304)
        for load in (whole, known):
            result.count(run(replace(load, seconds=2, connections=16)).errors)
        one = [run(replace(whole, connections=1)) for _ in range(ROUNDS)]
        turns = [(run(whole), run(known)) for _ in range(ROUNDS)]
    for each in (*one, *(found for turn in turns for found in turn)):
        result.count(each.errors)
    result.note("p50_ms", median(found.p50 for found in one))
    result.note("per_second", median(turn[0].per_second for turn in turns))
    result.note("revalidated_per_second", median(turn[1].per_second for turn in turns))
    return result


def _manifest(number: int) -> dict[str, Any]:
    tools = [{**platform.TOOL, "name": f"repeat_text_{place}"} for place in range(TOOLS)]
    return {"slug": f"SUPPORT_DESK_{number}", "name": f"Support Desk {number}", "tools": tools}
