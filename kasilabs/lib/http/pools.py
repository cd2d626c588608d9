"""Pools of connections that hand each attempt a fresh or a warm one."""

import ssl
import time
from dataclasses import dataclass
from typing import Any

import urllib3

from kasilabs.lib.http.attempt import Attempt
from kasilabs.lib.http.connections import Pinned, PinnedTls
from kasilabs.lib.http.routes import Route

POOLS = 64
"""Hosts a process keeps idle connections to."""

KEPT_CONNECTIONS = 8
"""Idle connections kept to one host: with `POOLS` these are 512 of the usual limit of 1,024 open files."""


@dataclass(frozen=True)
class Limits:
    """How long connecting, TLS included, may take, and how long an idle connection is still used."""

    connect_seconds: float
    idle_seconds: float


class _Pool(urllib3.HTTPConnectionPool):
    """The connections to one host, handed from attempt to attempt."""

    ConnectionCls = Pinned
    route: Route
    limits: Limits

    def urlopen(self, method: str, url: str, **kw: Any) -> urllib3.BaseHTTPResponse:  # type: ignore[override]
        """Waits for a free connection while the attempt lasts; keeps the path, which urllib3 would quote."""
        attempt: Attempt = kw["timeout"]
        attempt.path = url
        return super().urlopen(method, url, **{**kw, "pool_timeout": attempt.seconds_left()})

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()
        connection.route, connection.connect_seconds = self.route, self.limits.connect_seconds
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        """Takes a connection. urllib3 closes one that the other side closed; this also closes what idled too long."""
        connection: Any = super()._get_conn(timeout)
        if time.monotonic() - connection.idle_since > self.limits.idle_seconds:
            connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        """Keeps a connection for the next attempt, closed when enough to this host are kept open."""
        if conn and self.pool:
            conn.idle_since = time.monotonic()
            idle = [other for other in self.pool.queue if other and not other.is_closed]
            if len(idle) >= KEPT_CONNECTIONS:
                conn.close()
        super()._put_conn(conn)

    def _make_request(self, conn: Any, method: str, _quoted: str, **kw: Any) -> Any:  # type: ignore[override]
        attempt: Attempt = kw["timeout"]
        attempt.reused = not conn.is_closed
        conn.attempt = attempt
        return super()._make_request(conn, method, attempt.path, **kw)

    def _validate_conn(self, conn: Any) -> None:
        """Connects before the request begins, also without TLS: what fails here was not sent."""
        if conn.is_closed:
            conn.connect()


class _TlsPool(_Pool, urllib3.HTTPSConnectionPool):
    ConnectionCls = PinnedTls


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
