"""What people see of later work: how much there is of it, and what has died."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Model
from django.utils import timezone

from kasilabs.jobs import bell, sources
from kasilabs.jobs.models import DueRow, State
from kasilabs.jobs.sources import Source
from kasilabs.lib import ids


@dataclass(frozen=True)
class Counts:
    """How many rows of a source are in each state, and how many of them could be claimed now."""

    source: Source[Any]
    states: dict[State, int]
    due: int


def counts() -> list[Counts]:
    """Counts the rows of every source: two queries each."""
    found = []
    for source in sources.registered():
        rows = source.model.objects.order_by().values_list("state").annotate(Count("pk"))
        states = dict.fromkeys(State, 0) | {State(state): number for state, number in rows}
        found.append(Counts(source, states, due=source.model.objects.due(timezone.now()).count()))
    return found


@dataclass(frozen=True)
class DeadLetter:
    """A row that no worker tries any more."""

    source: Source[Any]
    row: DueRow

    @property
    def description(self) -> str:
        return self.source.describe(self.row)

    def retry(self) -> bool:
        """Makes the row due once more, and returns whether it was still dead."""
        if not self.row.retry():
            return False
        bell.ring(self.row)
        return True


def dead_letters(source: Source[Any], *, organization: Model | None = None) -> Iterator[DeadLetter]:
    """Yields the dead rows of a source, the latest first; only those of an organization when one is given."""
    rows = source.model.objects.dead()
    if organization is not None:
        rows = rows.filter(**{source.organization: organization}) if source.organization else rows.none()
    for row in rows.iterator():
        yield DeadLetter(source, row)


def dead_letter(public_id: str) -> DeadLetter | None:
    """Returns the dead row with this public id."""
    row_id = ids.decode(ids.Prefix.JOB, public_id)
    for source in sources.registered():
        row = source.model.objects.dead().filter(pk=row_id).first()
        if row is not None:
            return DeadLetter(source, row)
    return None
