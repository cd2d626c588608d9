"""Several acts at the same moment, each in a thread with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

Outcome = TypeVar("Outcome")


def at_once(*acts: Callable[[], Outcome]) -> list[Outcome]:
    """Start all acts together and return what each returned, in their order; the first exception is raised."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], Outcome]) -> Outcome:
        barrier.wait()
        try:
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def or_error(act: Callable[[], Outcome]) -> Callable[[], Outcome | Exception]:
    """Let an act return the exception it raises, where losing is one of the outcomes."""

    def run() -> Outcome | Exception:
        try:
            return act()
        except Exception as error:  # noqa: BLE001  the test looks at it
            return error

    return run
