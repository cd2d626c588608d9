"""The bell: what a ring says, when it is heard, and what happens when it is not."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from kasilabs.jobs import bell, sweep
from kasilabs.jobs.models import State
from tests.jobs.app.models import Delivery, Parcel

pytestmark = pytest.mark.django_db(transaction=True)


def answer_all() -> None:
    """Answer every ring, as a worker's thread does."""
    while (heard := bell.huey().dequeue()) is not None:
        bell.huey().execute(heard)


def test_a_ring_waits_for_the_commit() -> None:
    with transaction.atomic():
        bell.ring(Parcel.objects.create())
        assert bell.waiting() == 0
    assert bell.waiting() == 1


def test_a_row_that_was_rolled_back_does_not_ring() -> None:
    with transaction.atomic():
        bell.ring(Parcel.objects.create())
        transaction.set_rollback(True)
    assert bell.waiting() == 0


def test_a_ring_is_json_and_names_a_source_and_a_row() -> None:
    parcel = Parcel.objects.create(address="Wanjiru, Ngong Road")
    bell.ring(parcel)
    (message,) = [json.loads(raw) for raw in bell.huey().storage.enqueued_items()]
    said = {name: value for name, value in message.items() if value}
    assert said == {
        "id": message["id"],
        "name": "kasilabs.jobs.bell.answer",
        "args": ["parcels", parcel.id.hex],
        "eta": parcel.due_at.replace(tzinfo=None).isoformat(),
    }


def test_a_ring_that_is_answered_does_the_row() -> None:
    parcel = Parcel.objects.create()
    bell.ring(parcel)
    answer_all()
    assert Delivery.objects.get().parcel_id == parcel.id


def test_a_ring_too_many_finds_nothing_to_do() -> None:
    parcel = Parcel.objects.create()
    bell.ring(parcel)
    bell.ring(parcel)
    answer_all()
    assert Delivery.objects.count() == 1


def test_a_row_due_later_is_heard_at_its_time() -> None:
    due_at = timezone.now() + timedelta(hours=1)
    bell.ring(Parcel.objects.create(due_at=due_at))
    answer_all()
    (scheduled,) = bell.huey().scheduled()
    assert scheduled.eta == due_at.replace(tzinfo=None)
    assert Parcel.objects.get().attempt == 0


def test_a_failed_row_rings_again_at_its_retry(settings: Any) -> None:
    settings.JOBS_RETRY_SECONDS = 3600
    bell.ring(Parcel.objects.create(address="flooded road"))
    heard = bell.huey().dequeue()
    bell.huey().execute(heard)
    (again,) = bell.huey().pending()
    assert again.eta == Parcel.objects.get().due_at.replace(tzinfo=None)


def test_a_ring_for_a_source_that_is_gone_is_ignored() -> None:
    parcel = Parcel.objects.create()
    bell.send("no_longer_there", parcel.id, parcel.due_at)
    answer_all()
    assert Parcel.objects.get().state == State.WAITING


@contextmanager
def listener() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def connections(server: socket.socket) -> int:
    """Count those who have connected since this was asked last."""
    number = 0
    with suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            number += 1
    return number


def postgres_at(server: socket.socket) -> str:
    return f"postgres://kasilabs:canary-7F2Q@127.0.0.1:{server.getsockname()[1]}/bell"


def ring_twenty_times(server: socket.socket) -> None:
    with transaction.atomic():
        for _ in range(20):
            bell.ring(Parcel.objects.create())
        assert connections(server) == 0


def check_that_nobody_noticed(reachable: str, settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert caplog.text.count("bell_unreachable") == 1
    assert "canary" not in caplog.text
    assert (connection.connection is None) == (connection.vendor == "postgresql")
    settings.JOBS_URL = reachable
    sweep.ring_due()
    answer_all()
    assert Delivery.objects.count() == 20


def test_a_bell_that_is_silent_is_waited_for_once_and_holds_nothing(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with listener() as silent:
        reachable, settings.JOBS_URL = settings.JOBS_URL, postgres_at(silent)
        ring_twenty_times(silent)
        assert connections(silent) == 1
    check_that_nobody_noticed(reachable, settings, caplog)


def test_a_bell_whose_port_is_closed_is_tried_once(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    with listener() as gone:
        reachable, settings.JOBS_URL = settings.JOBS_URL, postgres_at(gone)
    with listener() as unused:
        ring_twenty_times(unused)
    check_that_nobody_noticed(reachable, settings, caplog)


def test_a_bell_in_a_folder_that_is_none_does_not_fail_the_request(
    settings: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    reachable, settings.JOBS_URL = settings.JOBS_URL, f"sqlite:///{tmp_path / 'file' / 'jobs.sqlite3'}"
    with listener() as unused:
        ring_twenty_times(unused)
    check_that_nobody_noticed(reachable, settings, caplog)


def test_a_bell_is_tried_again_after_a_while(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "SILENT_SECONDS", 0)
    with listener() as gone:
        reachable, settings.JOBS_URL = settings.JOBS_URL, postgres_at(gone)
        address = gone.getsockname()
    bell.ring(Parcel.objects.create())
    with socket.create_server(address) as back:
        back.setblocking(False)
        bell.ring(Parcel.objects.create())
        assert connections(back) == 1
    settings.JOBS_URL = reachable


@pytest.mark.parametrize(("state", "rings"), [("waiting", 1), ("done", 0), ("dead", 0), ("cancelled", 0)])
def test_the_sweep_rings_for_what_is_due(state: str, rings: int) -> None:
    Parcel.objects.create(state=state)
    Parcel.objects.create(due_at=timezone.now() + timedelta(hours=1))
    sweep.ring_due()
    assert bell.waiting() == rings


def test_the_sweep_rings_for_a_row_whose_lease_is_over() -> None:
    now = timezone.now()
    Parcel.objects.create(state="running", lease_until=now + timedelta(hours=1))
    abandoned = Parcel.objects.create(state="running", lease_until=now - timedelta(seconds=1))
    sweep.ring_due()
    assert [message.args for message in bell.huey().pending()] == [["parcels", abandoned.id.hex]]


def test_a_backlog_is_rung_for_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "MOST_RINGS", 3)
    Parcel.objects.bulk_create(Parcel() for _ in range(5))
    sweep.ring_due()
    sweep.ring_due()
    assert bell.waiting() == 3
    answer_all()
    sweep.ring_due()
    answer_all()
    assert Delivery.objects.count() == 5


def test_the_file_of_the_bell_is_for_its_owner_alone(tmp_path: Path, settings: Any) -> None:
    settings.JOBS_URL = f"sqlite:///{tmp_path / 'new' / 'jobs.sqlite3'}"
    bell.ring(Parcel.objects.create())
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "new", *(tmp_path / "new").iterdir())}
    assert modes.pop("new") == 0o700
    assert set(modes.values()) == {0o600}
