"""Clocks in the hand of a test."""

import time
from datetime import datetime, timedelta

from django.utils import timezone


class Clock:
    """Stands in for the `time.monotonic` of the outgoing client, so that a slow machine cannot use up a deadline.

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


class StandingClock:
    """Stands in for `django.utils.timezone`: its time passes only when a test says so."""

    def __init__(self) -> None:
        self._shown = timezone.now()

    def now(self) -> datetime:
        return self._shown

    def advance(self, time: timedelta) -> None:
        self._shown += time
