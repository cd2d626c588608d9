"""Starting, what the processes hold in memory, and how many connections a plugin sees."""

import json
import os
import subprocess
import sys
from dataclasses import replace

from tests.benchmarks import processes, servers
from tests.benchmarks.environment import ROOT
from tests.benchmarks.load import Load, run_load
from tests.benchmarks.measures import sample_data
from tests.benchmarks.results import Result, most

CALLS = 10_000
"""Per worker, and as many again to see that memory is flat."""

LONG_SECONDS = 3600
TARGETS = (
    most("start_to_ready_seconds", 3),
    most("started_pss_mb", 250),
    most("worker_rss_mb", 110),
    most("growth_of_worker_mb", 2),
    most("job_worker_pss_mb", 90),
    most("connections_per_worker", 2),
)


def measure() -> Result:
    result = Result(TARGETS)
    data = sample_data.make()
    with servers.echo_plugin() as plugin, servers.platform() as platform:
        result.add("start_to_ready_seconds", platform.start_seconds)
        result.add("started_pss_mb", sum(processes.memory(pid).pss for pid in processes.family(platform.pid)))
        calls = Load(platform.port, "/agent/v1/calls", sample_data.call(), data.headers, seconds=LONG_SECONDS)
        result.add_errors(run_load(replace(calls, most=1000, keep_alive=False)).errors)
        accepted = json.loads(servers.ask(plugin.port, "/accepted").body)["accepted"]
        result.add("connections_per_worker", accepted / 2)
        before, after = (_memory_after_calls(result, platform, calls) for _ in range(2))
        result.add("worker_rss_mb", before.rss)
        result.add("worker_pss_mb", before.pss)
        result.add("growth_of_worker_mb", after.rss - before.rss)
    result.add("job_worker_pss_mb", _memory_of_job_worker())
    return result


def _memory_after_calls(result: Result, platform: servers.Server, calls: Load) -> processes.Memory:
    """Return what the larger worker holds after so many more calls."""
    result.add_errors(run_load(replace(calls, most=2 * CALLS, connections=16)).errors)
    held = (processes.memory(pid) for pid in processes.children(platform.pid))
    return max(held, key=lambda memory: memory.rss)


def _memory_of_job_worker() -> float:
    """Return what the worker of later work holds once it has started."""
    command, variables = [sys.executable, "manage.py", "worker"], {**os.environ, "LOG_LEVEL": "INFO"}
    with subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr
        assert any("worker_started" in line for line in worker.stderr), "it ended"
        held = sum(processes.memory(pid).pss for pid in processes.family(worker.pid))
        worker.terminate()
        worker.communicate()
    return held
