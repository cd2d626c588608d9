"""What is due, found by looking at the tables: no ring has to arrive for it."""

from collections import Counter

from django.utils import timezone

from kasilabs.jobs import attempt, bell, duties, sources
from kasilabs.jobs.models import State
from kasilabs.lib.db import connection

MOST_RINGS = 1000
"""Rings that may wait in the bell after a sweep, so that a backlog of rows is not rung for again and again."""


def ring_due() -> None:
    """Rings for every row that may be claimed now, the longest overdue first. Raises whatever the bell raises."""
    try:
        duties.make_rows()
        due = {
            source.name: list(source.model.objects.due(timezone.now()).values_list("pk", "due_at")[:MOST_RINGS])
            for source in sources.registered()
        }
    finally:
        connection.release()
    for name, rows in due.items():
        for row_id, due_at in rows[: max(0, MOST_RINGS - bell.waiting())]:
            bell.send(name, row_id, due_at)


def run_due() -> Counter[State]:
    """Runs every row that is due now once, here and without the bell, and returns how many ended in which state."""
    duties.make_rows()
    ended: Counter[State] = Counter()
    for source in sources.registered():
        for row_id in list(source.model.objects.due(timezone.now()).values_list("pk", flat=True)):
            row = attempt.run(source, row_id)
            if row is not None:
                ended[State(row.state)] += 1
    return ended
