"""The bell: Huey wakes a worker for a row as soon as it is committed and due.

It is no record. A ring names a source and a row and nothing else, as JSON: whoever can write into the bell can wake
workers, and not make them run what he likes, as Huey's own pickles would. A ring that is lost is made up for by the
next sweep, and one too many finds nothing to do.
"""

import json
import os
import threading
import time
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from huey.api import Huey, TaskWrapper
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage, RedisStorage, SqliteStorage

from kasilabs.jobs import attempt, sources
from kasilabs.jobs.models import DueRow, State
from kasilabs.lib.db import connection

log = structlog.get_logger(__name__)
QUEUE = "kasilabs"
STORAGES = {
    "sqlite": SqliteStorage,
    "postgres": PostgresStorage,
    "postgresql": PostgresStorage,
    "redis": RedisStorage,
    "rediss": RedisStorage,
}
"""Where rings may be kept, by the scheme of JOBS_URL."""
CONNECT_SECONDS = 2
"""A request that rings waits no longer for one address of a bell that does not answer."""
SILENT_SECONDS = 10
"""For so long after that nobody in this process rings again: neither the next rows of a request nor other requests."""


_ringing = threading.Lock()
_silent_until: dict[str, float] = {}


class JsonSerializer(Serializer):  # type: ignore[misc]  # Huey has no types
    """Messages as JSON objects; a ring needs no more than text in its arguments."""

    def serialize(self, data: Message) -> bytes:
        fields = data._asdict()
        return json.dumps({**fields, "eta": fields["eta"] and fields["eta"].isoformat()}).encode()

    def deserialize(self, data: bytes) -> Message:
        fields = json.loads(data)
        return Message(**{**fields, "eta": fields["eta"] and datetime.fromisoformat(fields["eta"])})


def huey() -> Huey:
    """Returns the queue behind JOBS_URL."""
    return _task(settings.JOBS_URL).huey


@lru_cache
def _task(url: str) -> TaskWrapper:
    parts = urlsplit(url)
    storage_class = STORAGES[parts.scheme]
    if storage_class is SqliteStorage:
        file = Path(parts.path.removeprefix("/"))
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDONLY | os.O_CREAT, 0o600))  # SQLite would make it readable for everybody.
        options = {"filename": str(file), "fsync": False}
    elif storage_class is PostgresStorage:
        options = {"dsn": url, "connect_timeout": CONNECT_SECONDS, "tcp_user_timeout": 1000 * CONNECT_SECONDS}
    else:
        options = {"connection_pool": _redis_pool(url)}
    queue = Huey(QUEUE, results=False, serializer=JsonSerializer(), storage_class=storage_class, **options)
    return queue.task(name="answer")(_answer)


def _redis_pool(url: str) -> Any:
    """Returns connections to Redis that give up in time; its client would try four times and wait in between."""
    # The client is there where JOBS_URL asks for it.
    from redis import ConnectionPool  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415
    from redis.retry import Retry  # noqa: PLC0415

    return ConnectionPool.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        # A worker waits for a ring inside the socket, a second at a time.
        socket_timeout=2 * CONNECT_SECONDS,
    )


def ring(row: DueRow) -> None:
    """Wakes a worker for a row when it is due, once the transaction around is committed.

    Nothing is raised when the bell cannot be reached: it is logged, and the sweep finds the row.
    """
    source = sources.of(row)

    def wake() -> None:
        connection.release()
        with _ringing:
            if time.monotonic() < _silent_until.get(settings.JOBS_URL, 0):
                return
            try:
                send(source.name, row.pk, row.due_at)
            except Exception as error:  # noqa: BLE001  each storage has errors of its own
                # What they say may hold the address.
                log.warning("bell_unreachable", code=type(error).__name__)
                _silent_until[settings.JOBS_URL] = time.monotonic() + SILENT_SECONDS

    transaction.on_commit(wake)


def send(source: str, row_id: UUID, due_at: datetime) -> None:
    """Puts a ring into the bell at once. Raises whatever its storage raises."""
    _task(settings.JOBS_URL).schedule(args=(source, row_id.hex), eta=due_at)


def waiting() -> int:
    """Returns how many rings no worker has heard yet."""
    return int(huey().pending_count())


def _answer(source_name: str, row_id: str) -> None:
    """What a worker does when it hears a ring."""
    source = sources.get(source_name)
    if source is None:
        log.warning("unknown_source", source=source_name)
        return
    row = attempt.run(source, UUID(row_id))
    if row is not None and row.state == State.WAITING:
        send(source_name, row.pk, row.due_at)
