"""The database connection of a thread: given back before waiting for somebody else's server, and what it means to fail.

With a pool of four, eight calls to a slow plugin made another page wait five seconds; released first, it took 7 ms.
"""

from django.db import InterfaceError, OperationalError, connection

UNAVAILABLE = (OperationalError, InterfaceError)
"""What is raised when the database is gone, locked, restarting or full: it passes, and nobody here made a mistake."""

RETRY_SECONDS = 5
"""When to come again."""


class InsideTransaction(RuntimeError):
    """A network call was about to happen inside a transaction: a mistake in our own code."""


def release() -> None:
    """Returns a pooled connection to its pool; SQLite has no pool, and its connection stays open.

    Raises InsideTransaction.
    """
    if connection.in_atomic_block:
        raise InsideTransaction
    if connection.vendor == "postgresql":
        connection.close()
