"""What a tool call costs, beside a bare view that does the same two commits and one POST, all measured in turns."""

import json
from dataclasses import dataclass, replace
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.benchmarks import environment, processes, servers
from tests.benchmarks.load import Load, LoadResult, run_load
from tests.benchmarks.measures import sample_data
from tests.benchmarks.measures.sample_data import SampleData
from tests.benchmarks.results import Result, least, most
from tests.benchmarks.servers import Server

ROUNDS = 5
TARGETS = (
    least("of_bare_view", 0.75),
    most("overhead_p50_of_bare_view", 1.4),
    most("overhead_p95_of_bare_view", 1.6),
    most("statements_known_customer", 6),
    most("statements_new_customer", 10),
    most("closed_port_ms", 2000),
)


@dataclass(frozen=True)
class Turn:
    """One load on a gunicorn; CPU milliseconds per answer of its workers, and of the database."""

    load: LoadResult
    cpu_ms: float
    database_ms: float


def measure() -> Result:
    result = Result(TARGETS)
    data = sample_data.make()
    with servers.platform() as platform, servers.bare() as bare:
        calls = Load(platform.port, "/agent/v1/calls", sample_data.call(), data.headers)
        bare_calls = replace(calls, port=bare.port, path="/calls")
        with servers.echo_plugin() as plugin:
            for load in (calls, bare_calls):
                _warm_up(result, load)
            direct = replace(calls, port=plugin.port, path="/", body=json.dumps({"input": sample_data.INPUT}))
            _measure_overhead(result, direct, calls, bare_calls)
            _measure_rate(result, (platform, calls), (bare, bare_calls))
            _count_statements(result, data)
        closed = replace(calls, body=sample_data.call(text="no plugin there"), status=502, most=10)
        result.add("closed_port_ms", _run(result, closed).worst)
    return result


def _warm_up(result: Result, load: Load) -> None:
    """Let both workers compile what they keep, and meet the customer."""
    _run(result, replace(load, seconds=1))
    _run(result, replace(load, seconds=2, connections=32))


def _measure_overhead(result: Result, direct: Load, *loads: Load) -> None:
    """Compare what the platform and the bare view add to a direct POST, one request at a time."""
    turns = [[_run(result, replace(load, seconds=2)) for load in (direct, *loads)] for _ in range(ROUNDS)]
    result.add("direct_p50_ms", median(direct.p50 for direct, _call, _bare in turns))
    result.add("call_p50_ms", median(call.p50 for _direct, call, _bare in turns))
    result.add("bare_call_p50_ms", median(bare.p50 for _direct, _call, bare in turns))
    p50 = [(call.p50 - direct.p50) / (bare.p50 - direct.p50) for direct, call, bare in turns]
    p95 = [(call.p95 - direct.p95) / (bare.p95 - direct.p95) for direct, call, bare in turns]
    result.add("overhead_p50_of_bare_view", median(p50))
    result.add("overhead_p95_of_bare_view", median(p95))


def _measure_rate(result: Result, platform: tuple[Server, Load], bare: tuple[Server, Load]) -> None:
    """Compare calls per second, and what they cost the workers and the database; 64 at once must make no error."""
    for connections in (16, 64):
        turns = [
            [_turn(result, server, replace(load, connections=connections)) for server, load in (platform, bare)]
            for _ in range(ROUNDS)
        ]
        for name, of_server in zip(("call", "bare_call"), zip(*turns, strict=True), strict=True):
            rate = median(turn.load.per_second for turn in of_server)
            result.add(f"{name}s_per_second_at_{connections}", rate)
            result.add(f"cpu_ms_per_{name}_at_{connections}", median(turn.cpu_ms for turn in of_server))
            result.add(f"database_ms_per_{name}_at_{connections}", median(turn.database_ms for turn in of_server))
        ratios = [call.load.per_second / bare_call.load.per_second for call, bare_call in turns]
        result.add("of_bare_view" if connections == 16 else f"of_bare_view_at_{connections}", median(ratios))


def _turn(result: Result, server: Server, load: Load) -> Turn:
    pids = (server.pid, environment.database_pid())
    before = [processes.cpu_seconds(pid) for pid in pids]
    found = _run(result, load)
    used = [processes.cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
    workers, database = (seconds * 1000 / max(1, found.answers) for seconds in used)
    return Turn(found, workers, database)


def _count_statements(result: Result, data: SampleData) -> None:
    """Count the statements of a call inside this process, without BEGIN and COMMIT."""
    for name, phone in (("warm_up", "+254711000001"), ("new", "+254711000002"), ("known", "+254711000002")):
        body = sample_data.call(text="counted", phone=phone)
        with CaptureQueriesContext(connection) as captured:
            answer = Client(SERVER_NAME="127.0.0.1").post(
                "/agent/v1/calls", body, content_type="application/json", headers=data.headers, secure=True
            )
        if answer.status_code != 200:
            result.add_errors({f"status {answer.status_code}": 1})
        counted = [query for query in captured.captured_queries if query["sql"] not in {"BEGIN", "COMMIT"}]
        if name != "warm_up":
            result.add(f"statements_{name}_customer", len(counted))


def _run(result: Result, load: Load) -> LoadResult:
    found = run_load(load)
    result.add_errors(found.errors)
    return found
