"""The worker as it runs in earnest: what is done, by whom, and how often, whatever happens to the process."""

import json
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection
from django.utils import timezone

from kasilabs.jobs import bell
from kasilabs.jobs.models import State
from tests.jobs.app.models import Delivery, Parcel
from tests.support.gunicorn import database_url
from tests.support.waiting import HANGS_AFTER_SECONDS, wait_for
from tests.support.worker import Worker, worker
from tests.test_production import environment

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
Start = Callable[..., Worker]
THREADS = 4


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start workers on the test's database; they end with the test."""
    serial = count(1)
    with ExitStack() as stack:
        yield lambda **environment: stack.enter_context(
            worker(tmp_path / f"worker-{next(serial)}.log", PARCELS_GATE=str(tmp_path / "gate"), **environment)
        )


@pytest.fixture
def let_through(tmp_path: Path) -> Callable[[int], None]:
    """Say how many parcels may be delivered in all; the next one waits in its handler."""

    def write(number: int) -> None:
        draft = tmp_path / "gate.new"
        draft.write_text(str(number))
        draft.replace(tmp_path / "gate")

    write(0)
    return write


def running() -> int:
    return int(Parcel.objects.filter(state=State.RUNNING).count())


def end_leases() -> None:
    """Let the leases of killed workers be over now, so that nobody depends on when a second has passed."""
    Parcel.objects.filter(state=State.RUNNING).update(lease_until=timezone.now())


def is_done(parcel: Parcel) -> bool:
    parcel.refresh_from_db()
    return parcel.state == State.DONE


def test_forty_rows_are_done_once_each_although_the_worker_is_killed_three_times(
    start: Start, let_through: Callable[[int], None]
) -> None:
    parcels = Parcel.objects.bulk_create(Parcel() for _ in range(40))
    for parcel in parcels[:30]:
        bell.ring(parcel)
    for number in (0, 12, 25):
        let_through(number)
        killed = start(JOBS_LEASE_SECONDS="3600")
        wait_for(lambda number=number: Delivery.objects.count() >= number and running() >= THREADS)  # type: ignore[misc]
        killed.kill()
        end_leases()
    let_through(1000)
    start(JOBS_LEASE_SECONDS="3600")
    wait_for(lambda: Parcel.objects.filter(state=State.DONE).count() == 40)
    delivered = Counter(Delivery.objects.values_list("parcel_id", flat=True))
    assert delivered == {parcel.id: 1 for parcel in parcels}
    assert Parcel.objects.filter(attempt__gt=1).count() >= THREADS


def test_two_workers_do_no_row_twice(start: Start, let_through: Callable[[int], None]) -> None:
    parcels = Parcel.objects.bulk_create(Parcel() for _ in range(60))
    for parcel in [*parcels, *parcels]:
        bell.ring(parcel)
    start(JOBS_LEASE_SECONDS="3600")
    start(JOBS_LEASE_SECONDS="3600")
    wait_for(lambda: running() == 2 * THREADS)
    let_through(1000)
    wait_for(lambda: Parcel.objects.filter(state=State.DONE).count() == 60)
    assert Delivery.objects.count() == 60
    assert {parcel.attempt for parcel in Parcel.objects.all()} == {1}


def test_a_worker_that_slept_past_its_lease_cannot_finish_the_row(
    start: Start, let_through: Callable[[int], None], tmp_path: Path
) -> None:
    parcel = Parcel.objects.create()
    # With one thread, the parcel comes after the duty, and the last write is its claim. Ours comes after that: stopped
    # while it writes, the sleeper would keep SQLite's lock from everybody.
    sleeper = start(JOBS_SWEEP_SECONDS="3600", JOBS_THREADS="1")
    wait_for(lambda: Parcel.objects.filter(state=State.RUNNING).exists())
    Parcel.objects.update(address="Ngong Road 2")
    sleeper.suspend()
    other = start(JOBS_URL=f"sqlite:///{tmp_path / 'other.sqlite3'}", JOBS_LEASE_SECONDS="3600")
    wait_for(lambda: Parcel.objects.get().attempt == 2)
    let_through(1000)
    wait_for(lambda: is_done(parcel))
    sleeper.send(signal.SIGCONT)
    sleeper.wait_for_line("job_lost_lease")
    assert [(each.attempt, each.process) for each in Delivery.objects.all()] == [(2, other.process.pid)]
    assert (Parcel.objects.get().state, Parcel.objects.get().attempt) == (State.DONE, 2)


def bells(tmp_path: Path) -> list[str]:
    return [f"sqlite:///{tmp_path / 'jobs.sqlite3'}", *([database_url()] if connection.vendor == "postgresql" else [])]


def test_a_ring_is_heard_long_before_the_sweep(
    start: Start, let_through: Callable[[int], None], tmp_path: Path, settings: Any
) -> None:
    let_through(1000)
    for url in bells(tmp_path):
        settings.JOBS_URL = url
        first = Parcel.objects.create()
        started = start(JOBS_SWEEP_SECONDS="3600")
        wait_for(lambda first=first: is_done(first))  # type: ignore[misc]  # found by the sweep a worker begins with
        second = Parcel.objects.create()
        bell.ring(second)
        wait_for(lambda second=second: is_done(second))  # type: ignore[misc]
        started.kill()
        bell.huey().storage.close()


def test_a_row_that_failed_is_tried_again_without_a_sweep(start: Start, let_through: Callable[[int], None]) -> None:
    parcel = Parcel.objects.create(address="flooded at first")
    let_through(1)
    start(JOBS_SWEEP_SECONDS="3600", JOBS_LEASE_SECONDS="3600")
    wait_for(lambda: is_done(parcel))
    assert (Delivery.objects.get().attempt, Parcel.objects.get().attempt) == (2, 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_lets_the_row_under_way_end(
    start: Start, let_through: Callable[[int], None], number: int
) -> None:
    parcel = Parcel.objects.create()
    ending = start(JOBS_LEASE_SECONDS="3600")
    wait_for(lambda: running() == 1)
    ending.send(number)
    ending.wait_for_line("worker_stopping")
    let_through(1)
    assert ending.process.wait(timeout=HANGS_AFTER_SECONDS) == 0
    assert is_done(parcel)
    assert "worker_stopped" in ending.log.read_text()


def test_told_twice_it_does_not_wait(start: Start, let_through: Callable[[int], None]) -> None:
    Parcel.objects.create()
    ending = start(JOBS_LEASE_SECONDS="3600")
    wait_for(lambda: running() == 1)
    ending.send(signal.SIGTERM)
    ending.wait_for_line("worker_stopping")
    ending.send(signal.SIGTERM)
    assert ending.process.wait(timeout=HANGS_AFTER_SECONDS) == 0
    assert running() == 1


def command(*words: str) -> list[str]:
    return [sys.executable, str(project.BASE_DIR / "manage.py"), *words]


def test_a_worker_of_a_production_logs_json_lines(tmp_path: Path) -> None:
    given, log = environment(tmp_path), tmp_path / "log"

    def events() -> list[str]:
        """Return what has been logged so far; the last line may still be on its way."""
        lines = log.read_text().splitlines(keepends=True)
        return [json.loads(line)["event"] for line in lines if line.endswith("\n")]

    subprocess.run(command("migrate", "-v0"), env=given, check=True)
    with log.open("w") as out, subprocess.Popen(command("worker"), env=given, stderr=out) as process:
        wait_for(lambda: {"worker_started", "job_done"} <= set(events()))
        process.terminate()
    assert "worker_stopping" in events()
    assert events()[-1] == "worker_stopped"


def test_a_worker_without_its_bell_says_so_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"postgres://kasilabs:canary-7F2Q@127.0.0.1:{gone.getsockname()[1]}/bell"
    given = {**environment(tmp_path), "JOBS_URL": url}
    done = subprocess.run(command("worker"), env=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "CommandError: JOBS_URL cannot be reached (OperationalError).\n")


def test_a_worker_whose_settings_are_not_whole_does_not_start(tmp_path: Path) -> None:
    given = {**environment(tmp_path), "SECRET_KEY": "short"}
    done = subprocess.run(command("worker"), env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "kasilabs.E001" in done.stderr
