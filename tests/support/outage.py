"""A database that is away for a while: ``with outage.of_this_thread() as away: away.begin() … away.end()``."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import psycopg
from django.db import OperationalError, connection

from tests.support.waiting import wait_for


class Outage(Protocol):
    """Nobody can write, from `begin` to `end`, which may be called on any thread."""

    def begin(self) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...


class _Locked:
    """SQLite: somebody else holds the lock of those who write."""

    def __init__(self) -> None:
        name = str(connection.settings_dict["NAME"])
        self._other = sqlite3.connect(name, isolation_level=None, check_same_thread=False)

    def begin(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def end(self) -> None:
        if self._other.in_transaction:
            self._other.execute("ROLLBACK")

    def close(self) -> None:
        self._other.close()


class _Refusing:
    """PostgreSQL: the database ends every connection and takes no new one."""

    def __init__(self) -> None:
        given = connection.get_connection_params()
        self._name = given.pop("dbname")
        server = {name: given[name] for name in ("user", "password", "host", "port") if name in given}
        self._other = psycopg.connect(**server, dbname="postgres", autocommit=True)

    def begin(self) -> None:
        self._allow("false")
        self._other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [self._name])

    def end(self) -> None:
        self._allow("true")

    def close(self) -> None:
        self._other.close()

    def _allow(self, text: str) -> None:
        statement = psycopg.sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
        self._other.execute(statement.format(psycopg.sql.Identifier(self._name), psycopg.sql.SQL(text)))


def wait_until_over() -> None:
    """Wait until this thread has a connection again."""
    wait_for(_is_connected)


def _is_connected() -> bool:
    try:
        connection.ensure_connection()
    except OperationalError:
        return False
    return True


@contextmanager
def of_this_thread() -> Iterator[Outage]:
    """Yield an outage of the test's database, for which this thread does not wait long; it is over at the end."""
    outage: Outage = _Locked() if connection.vendor == "sqlite" else _Refusing()
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 20")
    try:
        yield outage
    finally:
        outage.end()
        outage.close()
        connection.close()
