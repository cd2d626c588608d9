"""What the platform does again and again, such as deleting what has expired: one row per duty holds its next time.

The rows are a source like any other, so two workers never do one duty twice, and a time that passed while nothing ran
is made up for once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise

from kasilabs.jobs.models import DutyRow
from kasilabs.jobs.sources import JobFailed

LEASE_SECONDS = 3600
"""Longer than any duty takes."""


@dataclass(frozen=True)
class Duty:
    """What `perform` does, every so often. It may run twice without harm, as it does after a worker died halfway."""

    name: str
    label: str | Promise
    perform: Callable[[], object]
    every: timedelta = timedelta(days=1)


_duties: dict[str, Duty] = {}


def register(duty: Duty) -> None:
    """Adds a duty; apps call this in AppConfig.ready(). It is due for the first time at once. Raises ValueError."""
    if duty.name in _duties:
        raise ValueError(f"{duty.name} is registered already")
    _duties[duty.name] = duty


def registered() -> list[Duty]:
    return list(_duties.values())


def make_rows() -> None:
    """Makes the row of every duty that has none yet."""
    missing = _duties.keys() - set(DutyRow.objects.values_list("name", flat=True))
    DutyRow.objects.bulk_create([DutyRow(name=name) for name in missing], ignore_conflicts=True)


def perform(row: DutyRow) -> None:
    """Does a duty and puts its row to its next time. Raises JobFailed when it is no longer registered."""
    duty = _duties.get(row.name)
    if duty is None:
        raise JobFailed("unknown_duty", is_final=True)
    duty.perform()
    row.finish(again_at=next_time(row.due_at, duty.every, timezone.now()))


def next_time(due_at: datetime, every: timedelta, now: datetime) -> datetime:
    """Returns the first time after `now` that is whole periods away from `due_at`."""
    return due_at + every * ((now - due_at) // every + 1)


def label(row: DutyRow) -> str:
    duty = _duties.get(row.name)
    return str(duty.label) if duty else row.name
