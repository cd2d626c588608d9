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
