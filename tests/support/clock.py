"""The clock of the outgoing client in the hand of a test."""

import time


class Clock:
    """Stands in for `time.monotonic`, so that a slow machine cannot use up a deadline.

    It stands still until it is started, and can be put forward.
    """

    def __init__(self) -> None:
        self._now = time.monotonic
        self._shown = self._now()
        self._started: float | None = None

    def __call__(self) -> float:
        """Return the time it shows, in seconds."""
        running = 0.0 if self._started is None else self._now() - self._started
        return self._shown + running

    def start(self) -> None:
        """Run from now on, unless it runs already."""
        if self._started is None:
            self._started = self._now()

    def advance(self, seconds: float) -> None:
        self._shown += seconds
