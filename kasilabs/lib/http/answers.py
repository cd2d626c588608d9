"""Reading an answer: bounded in time and bytes, and never further than its end."""

import http.client
import io
import socket
from collections.abc import Callable
from typing import Any

from kasilabs.lib.http.attempt import Attempt, Reason


class _Inlet(io.RawIOBase):
    """The socket as the parser of the answer sees it: every read is bounded by the attempt."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._sock = sock
        # A file of the socket keeps it open after http.client closed the connection of a last answer.
        self._file = sock.makefile("rb", buffering=0)
        self._attempt = attempt
        self.finished = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.finished:
            return 0
        self._sock.settimeout(self._attempt.seconds_left())
        try:
            count = self._file.readinto(buffer)
        except TimeoutError as error:
            raise self._attempt.failed(Reason.TIMEOUT) from error
        self._attempt.receive(count or 0)
        return count or 0

    def close(self) -> None:
        self._file.close()
        super().close()


class _Stream(io.BufferedReader):
    """One answer. Bytes after its end must not become the beginning of the next one: they close the connection."""

    def __init__(self, inlet: _Inlet, on_surplus: Callable[[], None]) -> None:
        super().__init__(inlet)
        self._inlet = inlet
        self._on_surplus = on_surplus

    def close(self) -> None:
        if not self.closed:
            self._inlet.finished = True
            if self.peek(1):
                self._on_surplus()
        super().close()


class AnswerReader(http.client.HTTPResponse):
    """An answer read through `_Stream`, without the informational ones before it (RFC 9110, 15.2)."""

    def __init__(self, sock: socket.socket, method: str, attempt: Attempt, on_surplus: Callable[[], None]) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = _Stream(_Inlet(sock, attempt), on_surplus)

    def begin(self) -> None:
        super().begin()
        while self.status < 200:
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()
