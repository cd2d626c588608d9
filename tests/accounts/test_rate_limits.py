from datetime import timedelta

import pytest
from django.utils import timezone

from kasilabs.accounts.models import RateCounter
from kasilabs.accounts.rate_limits import LimitReached, RateLimit, consume, is_within, prune
from tests.support.clock import StandingClock
from tests.support.concurrency import at_once

MINUTE = timedelta(minutes=1)
THREE = RateLimit("three", 3, MINUTE)
TWO = RateLimit("two", 2, MINUTE)


def is_counted(*who: str) -> bool:
    return is_within(THREE.per(*who))


def test_a_window_takes_as_many_as_the_limit_says_and_names_when_it_ends(db: None, limits_clock: StandingClock) -> None:
    assert [is_counted("a") for _ in range(5)] == [True, True, True, False, False]
    with pytest.raises(LimitReached) as reached:
        consume(THREE.per("a"))
    assert reached.value.retry_after == 60
    limits_clock.advance(MINUTE - timedelta(milliseconds=100))
    assert reached.value.retry_after == 1


def test_what_the_limit_refused_does_not_lengthen_the_window(db: None, limits_clock: StandingClock) -> None:
    for _ in range(6):
        is_counted("a")
        limits_clock.advance(MINUTE / 10)
    assert not is_counted("a")
    limits_clock.advance(MINUTE * 4 / 10)
    assert [is_counted("a") for _ in range(4)] == [True, True, True, False]


def test_everybody_has_a_window_of_their_own(db: None) -> None:
    assert {is_counted(*who) for who in (["a"], ["b"], ["a", "b"], ["ab"]) for _ in range(3)} == {True}


def test_another_limit_counts_apart(db: None) -> None:
    assert len({THREE.per("a").key, TWO.per("a").key}) == 2


def test_a_use_is_taken_back(db: None) -> None:
    for _ in range(5):
        consume(THREE.per("a")).undo()
    assert RateCounter.objects.get().count == 0


def test_a_use_of_the_window_before_takes_nothing_back_from_the_next(db: None, limits_clock: StandingClock) -> None:
    old = consume(THREE.per("a"))
    limits_clock.advance(MINUTE)
    consume(THREE.per("a"))
    old.undo()
    assert RateCounter.objects.get().count == 1


def test_all_quotas_are_used_or_none(db: None) -> None:
    for _ in range(2):
        consume(TWO.per("a"))
    with pytest.raises(LimitReached):
        consume(THREE.per("a"), TWO.per("a"), THREE.per("b"))
    assert RateCounter.objects.get(key=THREE.per("a").key).count == 0
    assert not RateCounter.objects.filter(key=THREE.per("b").key).exists()


def test_the_table_does_not_say_who_was_counted(db: None) -> None:
    consume(THREE.per("wanjiru@kasi-legal.example", "192.0.2.1"))
    assert len(RateCounter.objects.get().key) == 64
    assert RateCounter.objects.filter(key__contains="192").count() == 0


def test_only_counters_that_are_over_are_pruned(db: None) -> None:
    consume(THREE.per("a"), THREE.per("b"))
    RateCounter.objects.filter(key=THREE.per("a").key).update(ends=timezone.now())
    assert prune(timezone.now()) == 1
    assert RateCounter.objects.get().key == THREE.per("b").key


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("limits_clock")
def test_requests_at_once_never_exceed_the_limit() -> None:
    for number in range(10):
        counted = at_once(*[lambda number=number: is_counted(str(number)) for _ in range(8)])
        assert sum(counted) == 3


@pytest.mark.django_db(transaction=True)
def test_a_window_that_is_over_begins_once_for_requests_at_once(limits_clock: StandingClock) -> None:
    for _ in range(10):
        is_counted("a")
        limits_clock.advance(MINUTE)
        assert sum(at_once(*[lambda: is_counted("a")] * 8)) == 3
