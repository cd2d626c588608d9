"""One attempt at an outgoing request: its deadline, how far it came, and why it ended."""

import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from urllib3.util import Timeout

_ROUNDING_SECONDS = 0.002
"""A wait may end this much before the time it was given; it still counts as having waited for all of it."""


class Reason(StrEnum):
    """Why an attempt ended without a whole answer."""

    UNREACHABLE = "unreachable"
    TLS = "tls"
    BLOCKED_ADDRESS = "blocked_address"
    TIMEOUT = "timeout"
    TOO_LARGE = "too_large"
    ENCODING = "encoding"
    BROKEN = "broken"


@dataclass(frozen=True)
class Timings:
    """Milliseconds. `connect` is TCP and TLS, `wait` from the last byte sent to the first byte of the answer."""

    lookup: float
    connect: float
    wait: float
    read: float


@dataclass(frozen=True)
class Head:
    """What an answer says before its body. `length` is the number of bytes it announces, None where it does not."""

    status: int
    headers: Mapping[str, str]
    length: int | None


class SendFailed(Exception):
    """No whole answer. `sent` says whether the first byte of the request may have left this machine, `answered`
    whether a first byte came back, `head` is that of an answer whose body is missing or not taken.

    TIMEOUT means the caller's deadline; a look-up, connection or handshake that ran into its own, shorter limit
    is UNREACHABLE.
    """

    def __init__(
        self, reason: Reason, *, sent: bool, answered: bool, timings: Timings, head: Head | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent
        self.answered = answered
        self.timings = timings
        self.head = head


class Attempt(Timeout):
    """Deadline and progress of one request.

    It is handed to requests and urllib3 as their timeout, the one argument that both pass down to the connection.
    `deadline` is a value of `time.monotonic()`, `budget` the bytes an answer may have with its head and framing.
    """

    def __init__(self, deadline: float, budget: int) -> None:
        super().__init__(connect=None, read=None)
        self.path = "/"
        self.deadline = deadline
        self.budget = budget
        self.sent = False
        self.reused = False
        self.asked_at: float | None = None
        self.answered_at: float | None = None
        self.head: Head | None = None
        self._spent = {"lookup": 0.0, "connect": 0.0}

    def clone(self) -> "Attempt":
        """Returns itself: urllib3 copies a timeout before each use, and progress is kept in this one."""
        return self

    @contextmanager
    def phase(self, name: str, seconds: float) -> Iterator[float]:
        """Measures a phase before sending and names its failure; yields the moment at which it must be over."""
        started = time.monotonic()
        failure = None
        try:
            yield min(self.deadline, started + seconds)
        except OSError as error:
            failure = error
        self._spent[name] = time.monotonic() - started
        if failure:
            is_over = time.monotonic() >= self.deadline - _ROUNDING_SECONDS
            if isinstance(failure, ssl.SSLError):
                reason = Reason.TLS
            elif isinstance(failure, TimeoutError) and is_over:
                reason = Reason.TIMEOUT
            else:
                reason = Reason.UNREACHABLE
            raise self.failed(reason) from failure

    def seconds_left(self) -> float:
        """Returns what is left, more than zero. Raises SendFailed when nothing is."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.failed(Reason.TIMEOUT)
        return left

    def receive(self, count: int) -> None:
        """Counts raw bytes of the answer, head and framing included. Raises SendFailed beyond the budget."""
        if count:
            self.answered_at = self.answered_at or time.monotonic()
        self.budget -= count
        if self.budget < 0:
            raise self.failed(Reason.TOO_LARGE)

    def failed(self, reason: Reason) -> SendFailed:
        answered = self.answered_at is not None
        return SendFailed(reason, sent=self.sent, answered=answered, timings=self.timings(), head=self.head)

    def timings(self) -> Timings:
        now = time.monotonic()
        asked = self.asked_at or now
        answered = self.answered_at or now
        seconds = (self._spent["lookup"], self._spent["connect"], answered - asked, now - answered)
        return Timings(*(1000 * each for each in seconds))
