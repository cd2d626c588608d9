"""What a tool call costs: over a direct POST to the same endpoint, and beside a bare view of the same two commits."""

import json
from dataclasses import dataclass, replace
from statistics import median

from tests.benchmarks import machine, running, stage
from tests.benchmarks.figures import Result, least, most
from tests.benchmarks.load import Found, Load, run
from tests.benchmarks.measures import platform

ROUNDS = 3
TARGETS = (
    most("overhead_p50_ms", 10, 8),
    most("overhead_p95_ms", 20, 16),
    least("calls_per_second_at_8", 150, 300),
    least("calls_per_second_at_16", 150, 300),
    least("calls_per_second_at_64", 150, 300),
    least("of_bare_view", 0.6),
)


@dataclass(frozen=True)
class Turn:
    """One load on a gunicorn; CPU milliseconds per answer of its workers, and of the database."""

    found: Found
    cpu_ms: float
    database_ms: float


def measure() -> Result:
    result = Result(TARGETS)
    made = platform.platform()
    with running.plugin() as plugin, running.platform() as web:
        calls = Load(web.port, "/agent/v1/calls", platform.CALL, made.headers)
        _warm(result, calls)
        _overhead(result, calls, replace(calls, port=plugin.port, body=json.dumps({"input": platform.INPUT})))
        for connections in (8, 64):
            turns = [_turn(result, web, replace(calls, connections=connections)) for _ in range(ROUNDS)]
            result.note(f"calls_per_second_at_{connections}", median(turn.found.per_second for turn in turns))
            result.note(f"p50_at_{connections}_ms", median(turn.found.p50 for turn in turns))
        _beside_bare(result, web, replace(calls, connections=16))
    return result


def _warm(result: Result, load: Load) -> None:
    """Let both workers compile what they keep, and meet the customer."""
    result.count(run(replace(load, seconds=1)).errors)
    result.count(run(replace(load, seconds=2, connections=32)).errors)


def _overhead(result: Result, calls: Load, direct: Load) -> None:
    pairs = [(run(replace(direct, seconds=1)), run(calls)) for _ in range(ROUNDS)]
    for each in (found for pair in pairs for found in pair):
        result.count(each.errors)
    result.note("direct_p50_ms", median(post.p50 for post, _ in pairs))
    result.note("overhead_p50_ms", median(call.p50 - post.p50 for post, call in pairs))
    result.note("overhead_p95_ms", median(call.p95 - post.p95 for post, call in pairs))
    result.note("calls_per_second_at_1", median(call.per_second for _, call in pairs))


def _beside_bare(result: Result, web: running.Server, calls: Load) -> None:
    with running.bare() as bare:
        same = replace(calls, port=bare.port, path="/calls")
        _warm(result, same)
        turns = [(_turn(result, web, calls), _turn(result, bare, same)) for _ in range(ROUNDS)]
    for name, side in (("call", 0), ("bare_call", 1)):
        mine = [turn[side] for turn in turns]
        result.note(f"{name}s_per_second_at_16", median(turn.found.per_second for turn in mine))
        result.note(f"cpu_ms_per_{name}", median(turn.cpu_ms for turn in mine))
        result.note(f"database_ms_per_{name}", median(turn.database_ms for turn in mine))
    result.note("of_bare_view", median(ours.found.per_second / theirs.found.per_second for ours, theirs in turns))


def _turn(result: Result, server: running.Server, load: Load) -> Turn:
    pids = (server.pid, stage.database_pid())
    before = [machine.cpu_seconds(pid) for pid in pids]
    found = run(load)
    used = [machine.cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
    result.count(found.errors)
    workers, database = (seconds * 1000 / max(1, found.answers) for seconds in used)
    return Turn(found, workers, database)
