"""One attempt at one row: claim it, let its source do the work, end the attempt."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.utils import timezone

from kasilabs.jobs import backoff
from kasilabs.jobs.models import DueRow, LostLease, State
from kasilabs.jobs.sources import JobFailed, Source
from kasilabs.lib.db import connection

log = structlog.get_logger(__name__)
Clock = Callable[[], datetime]


def run(
    source: Source[Any],
    row_id: UUID,
    *,
    now: Clock = timezone.now,
    random: Callable[[], float] = backoff.between_0_and_1,
) -> DueRow | None:
    """Runs a row once if it is due, and returns it as this attempt left it.

    Returns None when there was nothing to do: the row is not due yet, done, cancelled, or with another worker.
    """
    row: DueRow | None = source.model.objects.due(now()).filter(pk=row_id).first()
    if row is None or not row.claim(now=now(), lease=source.lease):
        return None
    with structlog.contextvars.bound_contextvars(source=source.name, job=row.public_id, attempt=row.attempt):
        try:
            _attempt(source, row, now, random)
        except LostLease:
            log.warning("job_lost_lease")
        finally:
            connection.release()
    return row


def _attempt(source: Source[Any], row: DueRow, now: Clock, random: Callable[[], float]) -> None:
    """Lets the source handle a claimed row, and writes how that ended. Raises LostLease."""
    if source.most_attempts is not None and row.tries > source.most_attempts:
        # A try that failed made its row dead. This row's last try ended with its worker.
        row.fail("lease_lost", retry_at=None)
        log.error("job_dead", code="lease_lost")
        return
    connection.release()
    try:
        source.handle(row)
        if row.state == State.RUNNING:
            row.finish()
    except LostLease:
        raise
    except JobFailed as failed:
        code, is_final = failed.code, failed.is_final
    except Exception as error:
        log.exception("job_raised")
        code, is_final = type(error).__name__, False
    else:
        log.info("job_done")
        return
    if is_final or row.tries == source.most_attempts:
        row.fail(code, retry_at=None)
        log.error("job_dead", code=code)
    else:
        row.fail(code, retry_at=now() + backoff.delay(row.tries, random=random))
        log.warning("job_failed", code=code, retry_at=row.due_at.isoformat())
