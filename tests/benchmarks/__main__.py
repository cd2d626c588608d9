"""``python -m tests.benchmarks NAME…``: each benchmark on a stage of its own, progress on stderr, JSON on stdout."""

import argparse
import json
import subprocess
import sys
from typing import Any

from tests.benchmarks import stage

NAMES = ("calls", "tools", "logs", "matrix", "start")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", default=["all"], choices=(*NAMES, "all"), metavar="NAME")
    given = parser.parse_args(arguments).names
    names = NAMES if "all" in given else given
    print(json.dumps({name: _measure(name) for name in names}, indent=2))
    return 0


def _measure(name: str) -> dict[str, Any]:
    """Run one benchmark in a process that knows its stage from the start."""
    print(f"{name} …", file=sys.stderr)
    with stage.environment() as environment:
        command = [sys.executable, "-m", "tests.benchmarks.measures", name]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    sys.exit(main())
