"""``python -m tests.benchmarks NAME…``: progress on stderr, JSON on stdout, an environment for each benchmark."""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.environment import environment

NAMES = ("calls", "idempotency", "tools", "logs", "matrix", "pages", "schema_cost", "start")
OF_A_FOLDER = "schemas"
"""It is about files that are not here, so `all` leaves it out."""

SETTINGS = {"pages": {"DEMO": "1"}, "idempotency": {"RATE_LIMIT_BRIDGE": "65536"}}
"""A browser without TLS sends the cookies of the demo only; one installation is asked as often as the machine can."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", default=["all"], choices=(*NAMES, OF_A_FOLDER, "all"), metavar="NAME")
    parser.add_argument("--folder", type=Path, help="of tool lists or schemas, for the benchmark schemas")
    given = parser.parse_args(arguments)
    if OF_A_FOLDER in given.names and given.folder is None:
        parser.error("schemas needs a folder: make benchmark NAME=schemas FOLDER=…")
    folder = {"BENCHMARK_FOLDER": str(given.folder.resolve())} if given.folder else {}
    names = NAMES if "all" in given.names else given.names
    print(json.dumps({name: _run(name, **folder) for name in names}, indent=2))
    return 0


def _run(name: str, **settings: str) -> dict[str, Any]:
    """Run one benchmark in a process that knows its environment from the start."""
    print(f"{name} …", file=sys.stderr)
    with environment(**SETTINGS.get(name, {}), **settings) as variables:
        command = [sys.executable, "-m", "tests.benchmarks.measures", name]
        done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    sys.exit(main())
