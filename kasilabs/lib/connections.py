"""urllib3 connections that check where they connect to and keep one deadline from the look-up to the last byte."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from kasilabs.lib.addresses import Lookups, is_refused
from kasilabs.lib.attempt import Attempt, Reason
from kasilabs.lib.hosts import AllowedHosts, Peer

POOLS = 64
"""Hosts a process keeps idle connections to; with 8 threads these are 512 of the usual limit of 1,024 open files."""

_LOOKUP_SECONDS = 2.0
_PEERS_TRIED = 4
"""More addresses than these would leave none of them the time for a handshake across an ocean."""

Route = Callable[[str, int, Attempt], list[Peer]]
"""From host and port to the addresses that may be connected to; raises SendFailed."""


@dataclass(frozen=True)
class Limits:
    """How long connecting, TLS included, may take, and how long an idle connection is still used."""

    connect_seconds: float
    idle_seconds: float


def look_up(lookups: Lookups, host: str, port: int, attempt: Attempt) -> list[Peer]:
    """Return every address of a host."""
    with attempt.phase("lookup", _LOOKUP_SECONDS) as until:
        return [(address, port) for address in lookups.addresses(host, until)]


def public_route(lookups: Lookups, host: str, port: int, attempt: Attempt) -> list[Peer]:
    """Return the addresses of a host on the public internet; one refused address among them refuses the host."""
    peers = look_up(lookups, host, port, attempt)
    if any(is_refused(address) for address, _ in peers):
        raise attempt.failed(Reason.BLOCKED_ADDRESS)
    return peers


def allowed_route(allowed: AllowedHosts, lookups: Lookups, host: str, port: int, attempt: Attempt) -> list[Peer]:
    """Return the address an operator mapped the host to, else all of its addresses, unchecked."""
    peer = allowed.peer(host, port)
    return [peer] if peer else look_up(lookups, host, port, attempt)


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


class _Answer(http.client.HTTPResponse):
    """An answer read through `_Stream`, without the informational ones before it (RFC 9110, 15.2)."""

    def __init__(self, sock: socket.socket, method: str, connection: "_Pinned") -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = _Stream(_Inlet(sock, connection.attempt), connection.close)

    def begin(self) -> None:
        super().begin()
        while self.status < 200:
            if self.status == http.client.SWITCHING_PROTOCOLS:
                raise http.client.UnknownProtocol("switched without being asked")
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _Pinned(HTTPConnection):
    """What both connection classes share: `route` and `connect_seconds` are set once, `attempt` before each use."""

    route: Route
    connect_seconds: float
    attempt: Attempt
    idle_since = 0.0
    _peers: list[Peer]
    _connect_by: float
    _outgoing: bytearray

    @property
    def response_class(self) -> Any:
        return partial(_Answer, connection=self)

    def connect(self) -> None:
        """Look up, check, connect and shake hands; raises SendFailed."""
        self._peers = self.route(self.host, self.port, self.attempt)
        with self.attempt.phase("connect", self.connect_seconds) as self._connect_by:
            super().connect()

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers, each with its share of the time; the handshake has the rest."""
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
        """Send head and body as one piece: one packet, one TLS record."""
        self._outgoing = bytearray()
        super().request(*args, **kw)
        self._flush()

    def send(self, data: Any) -> None:
        self._outgoing += data

    def _flush(self) -> None:
        rest = memoryview(self._outgoing)
        self.attempt.sent = True
        while rest:
            self.sock.settimeout(self.attempt.seconds_left())
            try:
                rest = rest[self.sock.send(rest) :]
            except TimeoutError as error:
                raise self.attempt.failed(Reason.TIMEOUT) from error
        self.attempt.asked_at = time.monotonic()


class _PinnedTls(_Pinned, HTTPSConnection):
    pass


class _Pool(urllib3.HTTPConnectionPool):
    """The connections to one host, handed from attempt to attempt."""

    ConnectionCls = _Pinned
    route: Route
    limits: Limits

    def urlopen(self, method: str, url: str, *args: Any, timeout: Attempt, **kw: Any) -> urllib3.BaseHTTPResponse:  # type: ignore[override]
        """Wait for a free connection no longer than the attempt may last; keep the path as urllib3 would not."""
        timeout.path = url
        return super().urlopen(method, url, *args, timeout=timeout, pool_timeout=timeout.seconds_left(), **kw)  # type: ignore[arg-type]

    def _new_conn(self) -> Any:
        connection = super()._new_conn()
        connection.route, connection.connect_seconds = self.route, self.limits.connect_seconds
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        """Take a connection; urllib3 closes one that the other side closed, this one also what idled too long."""
        connection = super()._get_conn(timeout)
        if time.monotonic() - connection.idle_since > self.limits.idle_seconds:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)

    def _make_request(self, conn: Any, method: str, _quoted: str, *args: Any, timeout: Any, **kw: Any) -> Any:
        conn.attempt = timeout
        timeout.reused = not conn.is_closed
        return super()._make_request(conn, method, timeout.path, *args, timeout=timeout, **kw)

    def _validate_conn(self, conn: Any) -> None:
        """Connect before the request begins, also without TLS: what fails here was not sent."""
        if conn.is_closed:
            conn.connect()


class _TlsPool(_Pool, urllib3.HTTPSConnectionPool):
    ConnectionCls = _PinnedTls


class Pools(urllib3.PoolManager):
    """The pools of one route, for the hosts used last. `connections` is per host."""

    def __init__(self, route: Route, *, connections: int, limits: Limits, tls: ssl.SSLContext) -> None:
        super().__init__(POOLS, maxsize=connections, block=True, ssl_context=tls)
        self.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
        self._route, self._limits = route, limits

    def _new_pool(self, *args: Any, **kw: Any) -> Any:
        pool: Any = super()._new_pool(*args, **kw)
        pool.route, pool.limits = self._route, self._limits
        return pool
