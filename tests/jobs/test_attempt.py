"""One attempt: what a handler finds, and what becomes of its row however it ends."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from kasilabs.jobs import attempt
from kasilabs.jobs.models import DueRow, State
from kasilabs.jobs.sources import JobFailed, Source
from kasilabs.lib.db.connection import InsideTransaction
from tests.jobs.app.models import Delivery, Parcel
from tests.support.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
Handler = Callable[[Parcel], None]


def source(handle: Handler, **options: Any) -> Source[Parcel]:
    return Source(name="tried", label="Tried", model=Parcel, handle=handle, **options)


def parcel(**fields: Any) -> Parcel:
    return Parcel.objects.create(**{"due_at": NOW, **fields})


def run(handle: Handler, row: Parcel, *, now: datetime = NOW, random: float = 1, **options: Any) -> DueRow | None:
    return attempt.run(source(handle, **options), row.pk, now=lambda: now, random=lambda: random)


def nothing(_parcel: Parcel) -> None:
    """Do what is to be done elsewhere, and return."""


def raising(error: Exception) -> Handler:
    def handle(_parcel: Parcel) -> None:
        raise error

    return handle


def dying(_parcel: Parcel) -> None:
    """End as a killed process does: nothing more is written."""
    raise SystemExit


def test_a_handler_that_returns_is_done() -> None:
    ended = run(nothing, parcel())
    assert ended == Parcel.objects.get()
    assert Parcel.objects.get().state == State.DONE


def test_a_row_that_is_done_not_due_or_cancelled_is_not_handled() -> None:
    handled: list[Parcel] = []
    done, later, cancelled = parcel(), parcel(due_at=NOW + timedelta(seconds=1)), parcel()
    run(nothing, done)
    cancelled.cancel()
    assert [run(handled.append, row) for row in (done, later, cancelled)] == [None] * 3
    assert handled == []


def test_a_handler_holds_no_transaction_and_no_pooled_connection() -> None:
    seen = []

    def handle(_parcel: Parcel) -> None:
        seen.append((connection.in_atomic_block, connection.connection is None))

    run(handle, parcel())
    assert seen == [(False, connection.vendor == "postgresql")]


def test_nothing_is_run_inside_a_transaction() -> None:
    made = parcel()
    with pytest.raises(InsideTransaction), transaction.atomic():
        run(nothing, made)
    assert Parcel.objects.get().state == State.WAITING


def test_one_of_many_that_hear_the_same_ring_handles_the_row() -> None:
    made = parcel()

    def handle(row: Parcel) -> None:
        with row.finishing():
            Delivery.objects.create(parcel_id=row.id, attempt=row.attempt, process=1)

    ended = at_once(*[lambda: run(handle, made)] * 8)
    assert sum(row is not None for row in ended) == 1
    assert Delivery.objects.count() == 1


@pytest.mark.parametrize(("random", "seconds"), [(0, 0), (0.5, 10), (1, 20)])
def test_a_failed_row_waits_a_random_share_of_its_delay(settings: Any, random: float, seconds: float) -> None:
    settings.JOBS_RETRY_SECONDS = 5
    run(raising(JobFailed("road_closed")), parcel(tries=1), random=random)
    waiting = Parcel.objects.get()
    assert (waiting.state, waiting.last_error) == (State.WAITING, "road_closed")
    assert waiting.due_at == NOW + timedelta(seconds=seconds)


def test_what_a_handler_raises_by_mistake_is_a_failed_try_as_well() -> None:
    run(raising(ZeroDivisionError("division by zero")), parcel())
    assert (Parcel.objects.get().state, Parcel.objects.get().last_error) == (State.WAITING, "ZeroDivisionError")


def test_a_row_is_dead_after_its_last_attempt_failed() -> None:
    for tries, state in ((1, State.WAITING), (2, State.DEAD)):
        made = parcel(tries=tries)
        run(raising(JobFailed("road_closed")), made, most_attempts=3)
        made.refresh_from_db()
        assert (made.state, made.tries) == (state, tries + 1)


def test_a_source_without_a_last_attempt_never_gives_up() -> None:
    run(raising(JobFailed("road_closed")), parcel(tries=10_000), most_attempts=None)
    assert Parcel.objects.get().state == State.WAITING


def test_a_final_failure_is_dead_at_once() -> None:
    run(raising(JobFailed("no_such_address", is_final=True)), parcel())
    assert (Parcel.objects.get().state, Parcel.objects.get().last_error) == (State.DEAD, "no_such_address")


def test_a_row_that_always_ends_its_worker_is_dead_in_the_end() -> None:
    made, now = parcel(), NOW
    for _ in range(3):
        with pytest.raises(SystemExit):
            run(dying, made, now=now, most_attempts=3, lease_seconds=60)
        now += timedelta(seconds=60)
    run(dying, made, now=now, most_attempts=3, lease_seconds=60)
    assert (Parcel.objects.get().state, Parcel.objects.get().last_error) == (State.DEAD, "lease_lost")


def test_the_lease_of_the_source_counts_before_that_of_the_settings(settings: Any) -> None:
    settings.JOBS_LEASE_SECONDS = 7
    ends: list[Any] = []
    run(lambda row: ends.append(row.lease_until), parcel())
    run(lambda row: ends.append(row.lease_until), parcel(), lease_seconds=60)
    assert ends == [NOW + timedelta(seconds=7), NOW + timedelta(seconds=60)]


def test_a_handler_whose_row_was_cancelled_ends_without_a_trace() -> None:
    def handle(row: Parcel) -> None:
        Parcel.objects.get(pk=row.pk).cancel()

    run(handle, parcel())
    assert (Parcel.objects.get().state, Parcel.objects.get().last_error) == (State.CANCELLED, "")


def test_the_log_names_the_row_and_nobody(caplog: pytest.LogCaptureFixture) -> None:
    made = parcel(address="Wanjiru, Ngong Road")
    with caplog.at_level("INFO", logger="kasilabs.jobs"):
        run(raising(JobFailed("road_closed")), made)
    assert made.public_id in caplog.text
    assert "road_closed" in caplog.text
    assert "Wanjiru" not in caplog.text
