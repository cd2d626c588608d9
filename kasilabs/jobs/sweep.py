"""What is due, found by looking at the tables: no ring has to arrive for it."""

from collections import Counter

from django.utils import timezone

from kasilabs.jobs import attempt, bell, duties, sources
from kasilabs.jobs.models import State
from kasilabs.lib.db import connection

MOST_RINGS = 1000
"""Rings that may wait in the bell after a sweep, so that a backlog of rows is not rung for again and again."""


def ring_due() -> None:
    """Rings for every row that may be claimed now, the longest overdue first."""
    try:
        duties.make_rows()
        for source in sources.registered():
            room = max(0, MOST_RINGS - bell.waiting())
            for row_id, due_at in source.model.objects.due(timezone.now()).values_list("pk", "due_at")[:room]:
                bell.send(source.name, row_id, due_at)
    finally:
        connection.release()


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
