from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.lib import ids


class State(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    DEAD = "dead", _("Dead letter")
    CANCELLED = "cancelled", _("Cancelled")


class LostLease(Exception):
    """The row is no longer this attempt's: another worker took it after the lease, or somebody cancelled it."""


class DueRowQuerySet(models.QuerySet[Any]):
    def due(self, now: datetime) -> "DueRowQuerySet":
        """Rows a worker may claim: waiting ones whose time has come, and running ones whose lease is over."""
        waiting = Q(state=State.WAITING, due_at__lte=now)
        abandoned = Q(state=State.RUNNING, lease_until__lte=now)
        return self.filter(waiting | abandoned).order_by("due_at")

    def dead(self) -> "DueRowQuerySet":
        return self.filter(state=State.DEAD).order_by("-finished")


class DueRow(models.Model):
    """Work for later: what is to be done stands in the columns an app adds, and when and how often in these.

    The Meta of an app's table extends this one, which brings the indexes that claiming and sweeping need.

    | from                   | to        | when                                                                 |
    |------------------------|-----------|----------------------------------------------------------------------|
    | waiting                | running   | it is due and a worker claims it                                     |
    | running                | running   | its lease is over and another worker claims it: the first one died   |
    | running                | done      | the handler returned                                                 |
    | running                | waiting   | the handler failed and may try again; or the row comes again by plan |
    | running                | dead      | the handler failed too often, or for good                            |
    | dead                   | waiting   | somebody retries it                                                  |
    | waiting, running, dead | cancelled | somebody cancels it                                                  |

    Each claim counts `attempt` up. It is the fence: whatever an attempt writes about its row is conditional on the
    number it was given, so that a worker that slept past its lease changes nothing. `tries` counts the attempts since
    the row was made, last succeeded or was retried. The row, and with it the id, stays the same over all attempts: what
    is derived from the id (a Message-ID, a provider's reference) does too.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    state = models.CharField(max_length=16, choices=State, default=State.WAITING)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, editable=False)
    attempt = models.PositiveIntegerField(default=0, editable=False)
    tries = models.PositiveIntegerField(default=0, editable=False)
    last_error = models.CharField(max_length=64, blank=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    finished = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[Any] = DueRowQuerySet.as_manager()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="%(app_label)s_%(class)s_leased_while_running",
                condition=Q(state=State.RUNNING, lease_until__isnull=False)
                | (~Q(state=State.RUNNING) & Q(lease_until__isnull=True)),
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="%(class)s_due", condition=Q(state="waiting")),
            models.Index(fields=["lease_until"], name="%(class)s_lease", condition=Q(state="running")),
            models.Index(fields=["-finished"], name="%(class)s_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.JOB, self.id)

    def claim(self, *, now: datetime, lease: timedelta) -> bool:
        """Takes the row for one attempt, and returns whether nobody was faster."""
        claimable = type(self).objects.due(now).filter(attempt=self.attempt)
        values = {
            "state": State.RUNNING,
            "attempt": self.attempt + 1,
            "tries": self.tries + 1,
            "lease_until": now + lease,
        }
        return self._change(claimable, values)

    @contextmanager
    def finishing(self, *, again_at: datetime | None = None) -> Iterator[None]:
        """Runs a block and ends this attempt in one transaction: what the block writes happens exactly once.

        With `again_at` the row is not done but waits for its next time. Raises LostLease before the block is entered;
        then, and when the block fails, nothing is written.
        """
        values: dict[str, Any] = {"lease_until": None, "last_error": ""}
        if again_at is not None:
            values |= {"state": State.WAITING, "due_at": again_at, "tries": 0}
        else:
            values |= {"state": State.DONE, "finished": timezone.now()}
        with transaction.atomic():
            if not self._rows_of_this_attempt().update(**values):
                raise LostLease(self.public_id)
            yield
        self._assign(values)

    def finish(self, *, again_at: datetime | None = None) -> None:
        """Ends this attempt as `finishing` does, with nothing else to write. Raises LostLease."""
        with self.finishing(again_at=again_at):
            pass

    def fail(self, code: str, *, retry_at: datetime | None) -> None:
        """Ends this attempt: the row waits for another one, or is dead without a time to retry at. Raises LostLease.

        `code` is stable and says nothing about people: it stands in lists and in the process log.
        """
        values: dict[str, Any] = {"lease_until": None, "last_error": code}
        if retry_at is not None:
            values |= {"state": State.WAITING, "due_at": retry_at}
        else:
            values |= {"state": State.DEAD, "finished": timezone.now()}
        if not self._change(self._rows_of_this_attempt(), values):
            raise LostLease(self.public_id)

    def retry(self) -> bool:
        """Makes a dead row due now, with all its tries before it again; returns whether it was dead."""
        dead = type(self).objects.filter(state=State.DEAD)
        values = {"state": State.WAITING, "due_at": timezone.now(), "tries": 0, "finished": None}
        return self._change(dead, values)

    def cancel(self) -> bool:
        """Ends a row that is neither done nor cancelled, and returns whether it was.

        No attempt begins after that, and one under way can no longer finish: what it does inside `finishing` is rolled
        back. What it does elsewhere, a mail it is just sending, cannot be stopped.
        """
        unfinished = type(self).objects.filter(state__in=[State.WAITING, State.RUNNING, State.DEAD])
        values = {"state": State.CANCELLED, "lease_until": None, "finished": timezone.now()}
        return self._change(unfinished, values)

    def _rows_of_this_attempt(self) -> DueRowQuerySet:
        found: DueRowQuerySet = type(self).objects.filter(pk=self.pk, state=State.RUNNING, attempt=self.attempt)
        return found

    def _change(self, rows: DueRowQuerySet, values: Mapping[str, Any]) -> bool:
        """Updates this row if it is among `rows`: the database decides between two that want to."""
        is_changed = bool(rows.filter(pk=self.pk).update(**values))
        if is_changed:
            self._assign(values)
        return is_changed

    def _assign(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            setattr(self, name, value)


class DutyRow(DueRow):
    """A duty of `kasilabs.jobs.duties`, due at its next time."""

    name = models.CharField(max_length=64, unique=True)

    class Meta(DueRow.Meta):
        pass

    def __str__(self) -> str:
        return self.name
