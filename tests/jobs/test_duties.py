"""Regular duties: done once per period, whoever is at work and whatever was missed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from kasilabs.jobs import attempt, duties, sources, sweep
from kasilabs.jobs.models import DutyRow, State
from tests.support.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)
START = datetime(2026, 11, 27, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def done() -> list[str]:
    """What was done of the one duty there is: it notes that it was."""
    noted: list[str] = []
    duties.register(duties.Duty(name="sweep_the_yard", label="Sweep the yard", perform=lambda: noted.append("swept")))
    return noted


def run() -> None:
    source = sources.get("duties")
    assert source
    attempt.run(source, DutyRow.objects.get().pk)


def test_a_duty_is_due_as_soon_as_it_is_known(done: list[str]) -> None:
    assert dict(sweep.run_due()) == {State.WAITING: 1}
    assert done == ["swept"]


def test_a_duty_that_was_done_waits_for_its_next_time(done: list[str]) -> None:
    duties.make_rows()
    first = DutyRow.objects.get().due_at
    run()
    run()
    assert done == ["swept"]
    assert DutyRow.objects.get().due_at == first + DAY


def test_times_that_were_missed_are_made_up_for_once(done: list[str]) -> None:
    duties.make_rows()
    long_ago = timezone.now() - timedelta(days=3, hours=1)
    DutyRow.objects.update(due_at=long_ago)
    run()
    run()
    assert done == ["swept"]
    assert DutyRow.objects.get().due_at == long_ago + 4 * DAY


@pytest.mark.parametrize(("passed", "periods"), [(timedelta(0), 1), (DAY / 2, 1), (DAY, 2), (DAY * 2.5, 3)])
def test_the_next_time_keeps_the_hour_and_is_ahead(passed: timedelta, periods: int) -> None:
    assert duties.next_time(START, DAY, START + passed) == START + periods * DAY


def test_two_workers_make_one_row_and_do_the_duty_once(done: list[str]) -> None:
    at_once(*[duties.make_rows] * 4)
    at_once(*[run] * 4)
    assert DutyRow.objects.count() == 1
    assert done == ["swept"]


def test_a_duty_that_fails_is_tried_again_and_never_given_up() -> None:
    def fail() -> None:
        raise OSError

    duties.register(duties.Duty(name="sweep_the_yard", label="Sweep the yard", perform=fail))
    duties.make_rows()
    DutyRow.objects.update(tries=1000)
    run()
    assert (DutyRow.objects.get().state, DutyRow.objects.get().last_error) == (State.WAITING, "OSError")


def test_a_duty_nobody_knows_any_more_is_a_dead_letter() -> None:
    DutyRow.objects.create(name="feed_the_goat")
    sweep.run_due()
    assert DutyRow.objects.get(name="feed_the_goat").last_error == "unknown_duty"
    assert DutyRow.objects.get(name="feed_the_goat").state == State.DEAD


def test_a_name_is_registered_once(done: list[str]) -> None:
    with pytest.raises(ValueError, match="sweep_the_yard"):
        duties.register(duties.Duty(name="sweep_the_yard", label="Again", perform=done.clear))
