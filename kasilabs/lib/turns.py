"""Turns to work: a process holds many requests, of which few work at the same time.

A request takes a turn when it starts. While it waits for somebody else's server it does nothing, so it gives its turn
back and takes one again for the answer. Hundreds of slow calls then cost memory, not service: they hold neither a
database connection nor a place among those who work.
"""

import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.http.response import HttpResponseBase


class Turns:
    """Hands out a number of turns in the order in which they are asked for; whoever comes back goes first."""

    def __init__(self, number: int) -> None:
        self._free = number
        self._lock = threading.Lock()
        self._returning: deque[threading.Lock] = deque()
        self._starting: deque[threading.Lock] = deque()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Waits for a turn and keeps it; code inside may lend it with `given_back`."""
        self._take(self._starting)
        _of_thread.turns = self
        try:
            yield
        finally:
            del _of_thread.turns
            self._give()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Gives a turn that this thread holds to somebody else, and waits for another one at the end."""
        self._give()
        try:
            yield
        finally:
            self._take(self._returning)

    def _take(self, queue: deque[threading.Lock]) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            handed_over = threading.Lock()
            handed_over.acquire()
            queue.append(handed_over)
        handed_over.acquire()

    def _give(self) -> None:
        """Hands the turn over to whoever has waited longest: a turn is free only when nobody waits."""
        with self._lock:
            queue = self._returning or self._starting
            if queue:
                queue.popleft().release()
            else:
                self._free += 1


class _OfThread(threading.local):
    turns: Turns


_of_thread = _OfThread()


@contextmanager
def given_back() -> Iterator[None]:
    """Lets others work while this thread waits; a thread that works without a turn (a command, a test) just waits."""
    turns = getattr(_of_thread, "turns", None)
    if turns is None:
        yield
        return
    with turns.lent():
        yield


def in_turn(application: WSGIApplication, turns: Turns, *, without: Collection[str]) -> WSGIApplication:
    """Wraps Django's WSGI application so that a request works in its turn, except for the paths `without` one.

    An answer that is whole ends its request (the signal `request_finished` gives the database connection back) before
    it is sent: a client that reads slowly holds neither. One that streams is made by whoever sends it, without a turn.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("PATH_INFO") in without:
            return application(environ, start_response)
        with turns.held():
            answer = application(environ, start_response)
            if not isinstance(answer, HttpResponseBase) or answer.streaming:
                return answer
            try:
                return list(answer)
            finally:
                answer.close()

    return wrapped
