"""The states of a due row, and who may change them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from kasilabs.jobs.models import LostLease, State
from tests.jobs.app.models import Delivery, Parcel

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
SECOND, LEASE = timedelta(seconds=1), timedelta(seconds=90)


def parcel(**fields: Any) -> Parcel:
    return Parcel.objects.create(**{"due_at": NOW, **fields})


def claimed(**fields: Any) -> Parcel:
    made = parcel(**fields)
    assert made.claim(now=NOW, lease=LEASE)
    return made


def another(row: Parcel) -> Parcel:
    """Return what another process reads of the same row."""
    return Parcel.objects.get(pk=row.pk)


def stored(row: Parcel) -> tuple[Any, ...]:
    return (*Parcel.objects.values_list("state", "attempt", "tries", "lease_until", "last_error").get(pk=row.pk),)


def test_a_row_is_due_at_its_time_and_not_before() -> None:
    made = parcel()
    assert list(Parcel.objects.due(NOW - SECOND)) == []
    assert list(Parcel.objects.due(NOW)) == [made]
    assert not made.claim(now=NOW - SECOND, lease=LEASE)
    assert stored(made) == (State.WAITING, 0, 0, None, "")


def test_the_longest_overdue_row_comes_first() -> None:
    later, sooner = parcel(), parcel(due_at=NOW - SECOND)
    assert list(Parcel.objects.due(NOW)) == [sooner, later]


def test_a_claimed_row_is_nobody_elses_until_its_lease_is_over() -> None:
    made = claimed()
    assert stored(made) == (State.RUNNING, 1, 1, NOW + LEASE, "")
    assert not another(made).claim(now=NOW + LEASE - SECOND, lease=LEASE)
    assert another(made).claim(now=NOW + LEASE, lease=LEASE)
    assert stored(made) == (State.RUNNING, 2, 2, NOW + 2 * LEASE, "")


def test_of_two_that_read_the_same_row_one_gets_it() -> None:
    made = parcel()
    first, second = another(made), another(made)
    assert first.claim(now=NOW, lease=LEASE)
    assert not second.claim(now=NOW + LEASE, lease=LEASE)
    assert (second.attempt, stored(made)[1]) == (0, 1)


def test_what_is_done_while_finishing_is_there_with_the_end() -> None:
    made = claimed()
    with made.finishing():
        Delivery.objects.create(parcel_id=made.id, attempt=1, process=1)
    assert Delivery.objects.count() == 1
    assert stored(made) == (State.DONE, 1, 1, None, "")
    assert another(made).finished is not None


def test_what_fails_while_finishing_leaves_neither_effect_nor_end() -> None:
    made = claimed()

    def deliver_wrongly() -> None:
        with made.finishing():
            Delivery.objects.create(parcel_id=made.id, attempt=1, process=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deliver_wrongly()
    assert Delivery.objects.count() == 0
    assert stored(made)[0] == made.state == State.RUNNING


def test_an_attempt_that_lost_its_lease_does_and_changes_nothing() -> None:
    late = claimed()
    assert another(late).claim(now=NOW + LEASE, lease=LEASE)
    with pytest.raises(LostLease), late.finishing():
        Delivery.objects.create(parcel_id=late.id, attempt=1, process=1)
    with pytest.raises(LostLease):
        late.fail("late", retry_at=NOW)
    assert Delivery.objects.count() == 0
    assert stored(late) == (State.RUNNING, 2, 2, NOW + 2 * LEASE, "")


def test_a_lease_that_is_over_may_still_finish_when_nobody_else_claimed() -> None:
    made = claimed(due_at=NOW - 2 * LEASE)
    Parcel.objects.update(lease_until=NOW - LEASE)
    made.finish()
    assert stored(made)[0] == State.DONE


def test_a_row_that_comes_again_waits_for_its_next_time() -> None:
    made = claimed()
    made.finish(again_at=NOW + SECOND)
    assert stored(made) == (State.WAITING, 1, 0, None, "")
    assert list(Parcel.objects.due(NOW)) == []
    assert list(Parcel.objects.due(NOW + SECOND)) == [made]


def test_a_failed_row_waits_for_its_retry_or_is_dead() -> None:
    waiting, dead = claimed(), claimed()
    waiting.fail("road_closed", retry_at=NOW + SECOND)
    dead.fail("no_such_address", retry_at=None)
    assert stored(waiting) == (State.WAITING, 1, 1, None, "road_closed")
    assert stored(dead) == (State.DEAD, 1, 1, None, "no_such_address")
    assert list(Parcel.objects.due(NOW + SECOND)) == [waiting]
    assert list(Parcel.objects.dead()) == [dead]


def test_a_dead_row_is_retried_as_the_same_row_with_a_new_attempt() -> None:
    made = claimed()
    made.fail("no_such_address", retry_at=None)
    assert another(made).retry()
    again = another(made)
    assert again.claim(now=timezone.now(), lease=LEASE)
    assert (again.pk, again.attempt, again.tries, again.finished) == (made.pk, 2, 1, None)


def test_only_a_dead_row_is_retried() -> None:
    waiting, running, done, cancelled = parcel(), claimed(), claimed(), parcel()
    done.finish()
    cancelled.cancel()
    before = [stored(row) for row in (waiting, running, done, cancelled)]
    assert [row.retry() for row in (waiting, running, done, cancelled)] == [False] * 4
    assert [stored(row) for row in (waiting, running, done, cancelled)] == before


def test_a_cancelled_row_is_not_claimed_by_whoever_has_read_it() -> None:
    made = parcel()
    reader = another(made)
    assert made.cancel()
    assert not reader.claim(now=NOW, lease=LEASE)
    assert stored(made) == (State.CANCELLED, 0, 0, None, "")


def test_an_attempt_under_way_cannot_finish_a_cancelled_row() -> None:
    running = claimed()
    assert another(running).cancel()
    with pytest.raises(LostLease), running.finishing():
        Delivery.objects.create(parcel_id=running.id, attempt=1, process=1)
    assert Delivery.objects.count() == 0
    assert stored(running)[0] == State.CANCELLED


def test_a_dead_row_can_be_cancelled_and_a_done_one_cannot() -> None:
    dead, done = claimed(), claimed()
    dead.fail("no_such_address", retry_at=None)
    done.finish()
    assert (dead.cancel(), done.cancel()) == (True, False)
    assert (stored(dead)[0], stored(done)[0]) == (State.CANCELLED, State.DONE)
    assert not dead.cancel()


def test_the_database_refuses_a_running_row_without_lease() -> None:
    with pytest.raises(IntegrityError):
        parcel(state=State.RUNNING)
    with pytest.raises(IntegrityError):
        parcel(lease_until=NOW)
