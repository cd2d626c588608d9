"""``python -m tests.benchmarks NAME…``: progress on stderr, JSON on stdout, an environment for each benchmark."""

import argparse
import json
import subprocess
import sys
from typing import Any

from tests.benchmarks.environment import environment

NAMES = ("calls", "tools", "logs", "matrix", "pages", "start")
SETTINGS = {"pages": {"DEMO": "1"}}
"""A browser without TLS sends the cookies of the demo only."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("names", nargs="*", default=["all"], choices=(*NAMES, "all"), metavar="NAME")
    given = parser.parse_args(arguments).names
    names = NAMES if "all" in given else given
    print(json.dumps({name: _run(name) for name in names}, indent=2))
    return 0


def _run(name: str) -> dict[str, Any]:
    """Run one benchmark in a process that knows its environment from the start."""
    print(f"{name} …", file=sys.stderr)
    with environment(**SETTINGS.get(name, {})) as variables:
        command = [sys.executable, "-m", "tests.benchmarks.measures", name]
        done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


if __name__ == "__main__":
    sys.exit(main())
