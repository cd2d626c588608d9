"""Starting, what two workers hold, and how many connections a plugin sees."""

import json
from dataclasses import replace

from tests.benchmarks import machine, running
from tests.benchmarks.figures import Result, most
from tests.benchmarks.load import Load, run
from tests.benchmarks.measures import platform

CALLS = 10_000
"""Per worker, and as many again to see that memory is flat."""

LONG_SECONDS = 600
TARGETS = (
    most("start_to_ready_seconds", 3),
    most("started_pss_mb", 250),
    most("worker_rss_mb", 110),
    most("growth_of_worker_mb", 2),
    most("connections_per_worker", 2),
)


def measure() -> Result:
    result = Result(TARGETS)
    made = platform.platform()
    with running.plugin() as plugin, running.platform() as web:
        result.note("start_to_ready_seconds", web.start_seconds)
        result.note("started_pss_mb", sum(machine.memory(pid).pss for pid in machine.family(web.pid)))
        calls = Load(web.port, "/agent/v1/calls", platform.CALL, made.headers, seconds=LONG_SECONDS)
        result.count(run(replace(calls, most=1000, keep_alive=False)).errors)
        accepted = json.loads(running.ask(plugin.port, "/accepted").body)["accepted"]
        result.note("connections_per_worker", accepted / 2)
        before, after = (_after(result, web, calls) for _ in range(2))
        result.note("worker_rss_mb", before.rss)
        result.note("worker_pss_mb", before.pss)
        result.note("growth_of_worker_mb", after.rss - before.rss)
    return result


def _after(result: Result, web: running.Server, calls: Load) -> machine.Memory:
    """Return what the larger worker holds after so many more calls."""
    result.count(run(replace(calls, most=2 * CALLS, connections=16)).errors)
    return max((machine.memory(pid) for pid in machine.children(web.pid)), key=lambda memory: memory.rss)
