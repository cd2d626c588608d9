"""Django's backend for PostgreSQL, of which only the making of the pool is changed."""

import select
import time
from typing import Any

from django.db.backends.base.base import NO_DB_ALIAS
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolTimeout

GONE_SECONDS = 1.0
"""How long the server counts as gone after somebody has waited for it in vain."""

TRY_SECONDS = 0.25
"""How long one attempt to connect is waited for."""

GLANCE_SECONDS = 0.05
"""How long a request waits for a server that counts as gone."""


class Pool(ConnectionPool["Connection[Any]"]):
    """A pool in which one waits for a server that is gone, and not everybody after the other."""

    _gone_until = 0.0

    def getconn(self, timeout: float | None = None) -> "Connection[Any]":
        """Raises PoolTimeout. Whoever asks makes the pool try to connect, and asks again while it waits."""
        asked = time.monotonic()
        gives_up_at = asked + (GLANCE_SECONDS if asked < self._gone_until else timeout or self.timeout)
        while True:
            try:
                connection = super().getconn(min(TRY_SECONDS, max(GLANCE_SECONDS, gives_up_at - time.monotonic())))
            except PoolTimeout:
                if time.monotonic() >= gives_up_at:
                    self._gone_until = time.monotonic() + GONE_SECONDS
                    raise
            else:
                self._gone_until = 0.0
                return connection


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection of one thread, borrowed from the pool of the process."""

    @property
    def pool(self) -> Pool | None:
        """The pool that the threads share; it connects at the first use, after gunicorn forked."""
        options = self.settings_dict["OPTIONS"].get("pool")
        if self.alias == NO_DB_ALIAS or not options:
            return None
        pools: dict[str, Pool] = self._connection_pools  # type: ignore[attr-defined]
        if self.alias not in pools:
            pool = Pool(
                kwargs={**self.get_connection_params(), "autocommit": True},
                open=False,
                configure=self._configure_connection,  # type: ignore[attr-defined]
                check=require_open,
                **options,
            )
            pools.setdefault(self.alias, pool)
        return pools[self.alias]


def require_open(connection: "Connection[Any]") -> None:
    """Raises psycopg.OperationalError for a connection that the server has ended, without a statement for the others.

    A server that ends a connection says so, and nothing else is ever to be read from one that is idle.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)
