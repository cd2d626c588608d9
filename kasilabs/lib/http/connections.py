"""urllib3 connections that go where a route leads, within the time of one attempt."""

import socket
import time
from functools import partial
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection

from kasilabs.lib.http.answers import AnswerReader
from kasilabs.lib.http.attempt import Attempt, Reason
from kasilabs.lib.http.hosts import Peer
from kasilabs.lib.http.routes import Route

_PEERS_TRIED = 4
"""More addresses than these would leave none of them the time for a handshake across an ocean."""


class Pinned(HTTPConnection):
    """What both connection classes share: `route` and `connect_seconds` are set once, `attempt` before each use."""

    route: Route
    connect_seconds: float
    attempt: Attempt
    idle_since = 0.0
    _peers: list[Peer]
    _connect_by: float
    _outgoing: bytearray

    @property
    def response_class(self) -> Any:  # type: ignore[override]
        return partial(AnswerReader, attempt=self.attempt, on_surplus=self.close)

    def connect(self) -> None:
        """Looks up, checks, connects and shakes hands. Raises SendFailed."""
        self._peers = self.route(self.host, self.port, self.attempt)
        with self.attempt.phase("connect", self.connect_seconds) as self._connect_by:
            super().connect()

    def _new_conn(self) -> socket.socket:
        """Connects to the first address that answers, each with its share of the time; the handshake has the rest."""
        peers = self._peers[:_PEERS_TRIED]
        for left, peer in zip(range(len(peers), 0, -1), peers, strict=True):
            try:
                sock = socket.create_connection(peer, self._seconds_to_connect() / left)
            except OSError:
                if left == 1:
                    raise
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(self._seconds_to_connect())
                return sock
        raise OSError("no address")

    def _seconds_to_connect(self) -> float:
        left = self._connect_by - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def request(self, *args: Any, **kw: Any) -> None:
        """Sends head and body as one piece: one packet, one TLS record."""
        self._outgoing = bytearray()
        super().request(*args, **kw)
        rest = memoryview(self._outgoing)
        self.attempt.sent = True
        while rest:
            self.sock.settimeout(self.attempt.seconds_left())
            try:
                rest = rest[self.sock.send(rest) :]
            except TimeoutError as error:
                raise self.attempt.failed(Reason.TIMEOUT) from error
        self.attempt.asked_at = time.monotonic()

    def send(self, data: Any) -> None:
        """Collects what `request` sends in the end."""
        self._outgoing += data


class PinnedTls(Pinned, HTTPSConnection):
    pass
