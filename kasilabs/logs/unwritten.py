"""How calls ended while the database was away: kept in sealed files, written into their rows when it is back.

The plugin has done its work and the agent has its answer, so the row must not say that nobody knows. A file is made
when the database stays away for longer than a call can wait; this process writes it into its row as soon as it can, and
the next one to start does when this one ends before that.
"""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import structlog
from django.conf import settings
from django.core import serializers
from django.core.serializers.base import DeserializationError
from django.db import transaction

from kasilabs.lib.crypto import fields
from kasilabs.lib.crypto.fields import CannotOpen
from kasilabs.lib.db import connection, one_row
from kasilabs.logs import write
from kasilabs.logs.models import Call, CallAnswer, CallState

log = structlog.get_logger(__name__)
FOLDER = "unwritten"
TRY_SECONDS = 1.0
_delivering = threading.Lock()
_in_memory: dict[str, str] = {}


def keep(row: Call, *, answer: str | None) -> None:
    """Keeps the end of a call, filled into its row, and the answer that its idempotency key replays, if there is one.

    The file is whole and on the disk, or not there; without a file, this process keeps it in its memory.
    """
    columns = serializers.serialize("json", [row], fields=write.COMPLETED)
    sealed = CallAnswer(call=row)
    fields.seal(sealed, "body", json.dumps({"row": columns, "status": row.status, "answer": answer}))
    try:
        path = _folder() / row.id.hex
        unfinished = path.with_suffix(".new")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(sealed.body)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        log.error("call_end_not_on_disk", call=row.public_id, reason=error.strerror)
        _in_memory[row.id.hex] = sealed.body
    else:
        log.warning("call_end_kept", call=row.public_id)
    deliver_in_background()


def deliver_in_background() -> None:
    """Starts a thread that writes what is kept as soon as the database is back, unless one runs already."""
    if _kept() and _delivering.acquire(blocking=False):
        threading.Thread(target=_deliver_all, name="unwritten", daemon=True).start()


def deliver() -> None:
    """Writes every kept end into its row; two processes may do so at once.

    A row that was given up as lost meanwhile gets what really happened. Raises what the database raises.
    """
    for name in _kept():
        path = Path(settings.DATA_DIR) / FOLDER / name
        try:
            text = _in_memory.get(name) or path.read_text()
            document = json.loads(fields.reveal(CallAnswer(call_id=UUID(name), body=text), "body"))
            (found,) = serializers.deserialize("json", document["row"])
        except FileNotFoundError:
            continue
        except (CannotOpen, ValueError, DeserializationError):
            # Another version of the platform may have known other columns.
            log.error("call_end_unreadable", call=name)
            path.rename(path.with_suffix(".unreadable"))
            continue
        _write(cast(Call, found.object), document)
        if not _in_memory.pop(name, None):
            path.unlink(missing_ok=True)


def _write(row: Call, document: dict[str, Any]) -> None:
    with transaction.atomic():
        states = (CallState.OPEN, CallState.LOST)
        if any(one_row.update(row, write.COMPLETED, only_if=("state", state)) for state in states):
            log.info("call_end_written", call=row.public_id)
            if document["answer"] is not None:
                write.keep_answer(row, document["status"], document["answer"])


def _deliver_all() -> None:
    try:
        while _kept():
            try:
                deliver()
            except connection.UNAVAILABLE:
                time.sleep(TRY_SECONDS)
            finally:
                connection.release()
    finally:
        _delivering.release()
    deliver_in_background()


def _folder() -> Path:
    """Returns the folder of the files. Raises OSError when it can neither be found nor made."""
    folder = Path(settings.DATA_DIR) / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _kept() -> list[str]:
    """Returns the ids of the rows whose ends are kept, oldest first."""
    try:
        on_disk = {path.name for path in _folder().iterdir() if not path.suffix}
    except OSError:
        on_disk = set()
    return sorted(on_disk | _in_memory.keys())
