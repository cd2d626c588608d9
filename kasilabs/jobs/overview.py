"""What people see of later work: how much there is of it, and what has died."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Model
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.jobs import bell, sources
from kasilabs.jobs.models import DueRow, DueRowQuerySet, State
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

    @property
    def error(self) -> str | Promise:
        """Why it failed the last time, for people."""
        if self.row.last_error == "lease_lost":
            return _("The worker ended before it was done, at every attempt.")
        return self.source.errors.get(self.row.last_error, _("The platform failed. The process log says where."))

    def retry(self) -> bool:
        """Makes the row due once more, and returns whether it was still dead."""
        if not self.row.retry():
            return False
        bell.ring(self.row)
        return True


@dataclass(frozen=True)
class Owner:
    """Whose later work: an organization's, or without one what the platform does for nobody in particular."""

    organization: Model | None = None

    def rows(self, source: Source[Any]) -> DueRowQuerySet:
        """Returns the owner's rows of a source."""
        rows: DueRowQuerySet = source.model.objects.all()
        if source.organization:
            return rows.filter(**{source.organization: self.organization})
        return rows.none() if self.organization else rows


def dead_letters(source: Source[Any], *, owner: Owner | None = None) -> Iterator[DeadLetter]:
    """Yields the dead rows of a source, the latest first; only those of an owner when one is given."""
    rows = owner.rows(source) if owner else source.model.objects
    for row in rows.dead().iterator():
        yield DeadLetter(source, row)


def find(public_id: str, *, owner: Owner | None = None) -> DeadLetter | None:
    """Returns the row with this public id, an owner's when one is given. It may be dead no more, or not yet."""
    row_id = ids.decode(ids.Prefix.JOB, public_id)
    for source in sources.registered():
        rows = owner.rows(source) if owner else source.model.objects
        row = rows.filter(pk=row_id).first()
        if row is not None:
            return DeadLetter(source, row)
    return None
