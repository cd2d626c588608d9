"""Whether this process can work: the database answers, every migration was applied, and the stored keys open."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from kasilabs.accounts import keyring
from kasilabs.lib.crypto.fields import CannotOpen


def checks() -> dict[str, bool]:
    """Returns what works, by name; what needs something that failed counts as failed."""
    database = _database_answers()
    migrations = database and _is_migrated()
    keys = migrations and _keys_open()
    return {"database": database, "migrations": migrations, "keys": keys}


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def _keys_open() -> bool:
    try:
        keyring.platform_key(keyring.Purpose.AGENT_KEY)
    except (CannotOpen, DatabaseError):
        return False
    return True
