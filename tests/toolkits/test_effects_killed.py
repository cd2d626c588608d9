"""Workers that die or sleep at every point of an effect's way: the provider's ledger has one effect all the same.

No test waits for a lease to end: the test ends it.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from django.utils import timezone

from kasilabs.jobs.models import State
from kasilabs.lib.money import Money
from kasilabs.lib.states import Mode
from kasilabs.toolkits.effects.models import Effect, Stage
from kasilabs.toolkits.payments import collect
from kasilabs.toolkits.payments.models import Payment, PaymentState
from kasilabs.whatsapp.models import Instance
from tests.support import factories
from tests.support.fake_provider import FakeProvider, Fault
from tests.support.waiting import wait_for
from tests.support.worker import Worker, worker

pytestmark = pytest.mark.processes
Start = Callable[..., Worker]
LetPass = Callable[[], None]
StopAt = Callable[[str], Callable[[], None]]


@pytest.fixture
def till(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    with FakeProvider() as provider:
        monkeypatch.setenv("TILL_URL", provider.url)
        yield provider


@pytest.fixture
def start(tmp_path: Path, till: FakeProvider) -> Iterator[Start]:
    """Start workers with one thread and a bell each; they end with the test."""
    serial = count(1)

    def start_one(**environment: str) -> Worker:
        number = next(serial)
        own = {
            "TILL_POINTS": str(tmp_path),
            "PLUGIN_HOSTS_ALLOWED": "127.0.0.1",
            "JOBS_THREADS": "1",
            "JOBS_LEASE_SECONDS": "600",
            "BRIDGE_LEASE_SECONDS": "600",
            "PROVIDER_TIMEOUT_SECONDS": "300",
            "JOBS_URL": f"sqlite:///{tmp_path / f'bell-{number}.sqlite3'}",
        }
        return stack.enter_context(worker(tmp_path / f"worker-{number}.log", **{**own, **environment}))

    with ExitStack() as stack:
        yield start_one


@pytest.fixture
def stop_at(tmp_path: Path, till: FakeProvider) -> StopAt:
    """Let the next worker wait at a point; what is returned waits until it is there, and lets all others pass."""

    def stop(point: str) -> Callable[[], None]:
        if point == "sent":
            till.faults.append(Fault.HOLD)
            return till.wait_until_held
        (tmp_path / f"stop-{point}").touch()

        def arrived() -> None:
            wait_for((tmp_path / f"at-{point}").exists)

        return arrived

    return stop


@pytest.fixture
def let_pass(tmp_path: Path, till: FakeProvider) -> LetPass:
    def let_all_pass() -> None:
        till.release()
        for file in tmp_path.glob("stop-*"):
            file.unlink()

    return let_all_pass


def initiate(number: Instance, method: str) -> Payment:
    origin = factories.origin(number, mode=Mode.LIVE, phone="+254700000141")
    return collect.initiate(origin, amount=Money(105_000, "KES"), reference="ORDER-1", description="Gas", method=method)


def is_paid() -> bool:
    return bool(Payment.objects.filter(state=PaymentState.PAID).exists())


def end_lease() -> None:
    assert Effect.objects.filter(state=State.RUNNING).update(lease_until=timezone.now()) == 1


@pytest.mark.parametrize(
    ("method", "point"),
    [
        ("till_deduped", "claimed"),
        ("till_deduped", "dispatching"),
        ("till_deduped", "sent"),
        ("till_deduped", "answered"),
        ("till_queryable", "sent"),
    ],
)
def test_a_worker_killed_on_the_way_leaves_one_effect(
    number: Instance, till: FakeProvider, start: Start, stop_at: StopAt, let_pass: LetPass, method: str, point: str
) -> None:
    payment = initiate(number, method)
    arrived = stop_at(point)
    killed = start()
    arrived()
    killed.kill()
    let_pass()
    end_lease()
    start()
    wait_for(is_paid)
    assert till.ledger == [payment.effect.provider_ref]
    assert (Effect.objects.get().stage, Effect.objects.get().attempt) == (Stage.DONE, 2)


@pytest.mark.parametrize(
    ("method", "point"),
    [
        ("till_deduped", "claimed"),
        ("till_deduped", "dispatching"),
        ("till_deduped", "answered"),
        ("till_queryable", "sent"),
    ],
)
def test_a_worker_that_slept_past_its_lease_changes_nothing_when_it_wakes(
    number: Instance, till: FakeProvider, start: Start, stop_at: StopAt, let_pass: LetPass, method: str, point: str
) -> None:
    payment = initiate(number, method)
    arrived = stop_at(point)
    sleeper = start(JOBS_SWEEP_SECONDS="3600")
    arrived()
    sleeper.suspend()
    let_pass()
    end_lease()
    start()
    wait_for(is_paid)
    sleeper.send(signal.SIGCONT)
    sleeper.wait_for_line("job_lost_lease")
    assert till.ledger == [payment.effect.provider_ref]
    assert (Effect.objects.get().stage, Effect.objects.get().attempt) == (Stage.DONE, 2)


def test_what_cannot_be_asked_about_is_not_sent_by_another_worker_while_the_first_one_sleeps(
    number: Instance, till: FakeProvider, start: Start, stop_at: StopAt, let_pass: LetPass
) -> None:
    payment = initiate(number, "till")
    arrived = stop_at("dispatching")
    sleeper = start(JOBS_SWEEP_SECONDS="3600")
    arrived()
    sleeper.suspend()
    end_lease()
    start()
    wait_for(lambda: Payment.objects.get().state == PaymentState.UNKNOWN)
    assert till.ledger == []
    let_pass()
    sleeper.send(signal.SIGCONT)
    sleeper.wait_for_line("job_lost_lease")
    assert till.ledger == [payment.effect.provider_ref]
    assert Payment.objects.get().state == PaymentState.UNKNOWN
