"""Waiting for what must happen: a test waits for events, never for time to pass."""

import time
from collections.abc import Callable

HANGS_AFTER_SECONDS = 300
"""No machine is this slow: what takes longer never comes."""


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fail when it does not become so."""
    hangs_at = time.monotonic() + HANGS_AFTER_SECONDS
    while not condition():
        assert time.monotonic() < hangs_at
        time.sleep(0.02)
