"""Processes that stand still for a while, as on a machine that swaps or a laptop that sleeps."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tests.support.waiting import wait_for

STOPPED = {"T", "Z", "X"}


def suspend(group: int) -> None:
    """Stop a process group, and wait until each of its threads stands still: the signal waits for nobody."""
    os.killpg(group, signal.SIGSTOP)
    wait_for(lambda: set(_states(group)) <= STOPPED)


def _states(group: int) -> Iterator[str]:
    """Yield the state of every thread in a process group (proc_pid_stat(5): state, parent, group after the name)."""
    for stat in Path("/proc").glob("[0-9]*/task/[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            state, _parent, its_group, *_rest = stat.read_text().rpartition(")")[2].split()
            if int(its_group) == group:
                yield state
