"""Bridges over gunicorn in several processes, which are asked at once, killed and stopped: one effect all the same.

No test waits for a lease to end: the test ends it.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from bridges.models import BridgeCall, RequestNonce
from kasilabs.lib.states import Mode
from kasilabs.toolkits.payments.models import Payment
from tests.bridges.test_idempotency import KEY, effects_of, end_leases
from tests.support import bridges, suspension
from tests.support.bridges import ASKED, ORDERED, BridgePlugin
from tests.support.fake_provider import FakeProvider
from tests.support.gunicorn import Workers, workers
from tests.support.waiting import HANGS_AFTER_SECONDS, wait_for

pytestmark = pytest.mark.processes
AT_ONCE = 16


@pytest.fixture
def till(settings: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeProvider]:
    settings.PLUGIN_HOSTS_ALLOWED = "127.0.0.1"  # type: ignore[attr-defined]
    with FakeProvider() as provider:
        monkeypatch.setenv("TILL_URL", provider.url)
        monkeypatch.setenv("TILL_POINTS", str(tmp_path))
        yield provider


@pytest.mark.parametrize(("path", "body"), [("orders", ORDERED), ("payments", ASKED)])
def test_of_many_at_once_in_two_processes_one_happens(gas: BridgePlugin, path: str, body: dict[str, object]) -> None:
    asked = gas.body(**body)
    with workers(2) as running, ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda _each: gas.signer.post_to(running.url, path, asked, key=KEY), range(AT_ONCE)))
        again = gas.signer.post_to(running.url, path, asked, key=KEY)
    assert effects_of(KEY) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert {answer.content for answer in answers if answer.ok} == {again.content}
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_token_works_once_over_all_processes(gas: BridgePlugin) -> None:
    token = gas.signer.token("GET", "/bridges/v1/installations", iss="GAS_OS")
    headers = {"Authorization": f"Bearer {token}"}
    with workers(2) as running, ThreadPoolExecutor(AT_ONCE) as pool:
        url = f"{running.url}/bridges/v1/installations"
        asked = pool.map(lambda _each: requests.get(url, headers=headers, timeout=HANGS_AFTER_SECONDS), range(AT_ONCE))
        assert sorted(answer.status_code for answer in asked) == [200] + [401] * (AT_ONCE - 1)
    assert RequestNonce.objects.count() == 1


def kill(running: Workers) -> None:
    running.kill()


def stop(running: Workers) -> None:
    suspension.suspend(running.process.pid)


@pytest.mark.parametrize("end", [kill, stop])
@pytest.mark.parametrize("point", ["claimed", "dispatching", "answered"])
def test_a_process_that_dies_or_sleeps_leaves_one_effect(
    transactional_db: None, till: FakeProvider, tmp_path: Path, point: str, end: Callable[[Workers], None]
) -> None:
    live = bridges.build(mode=Mode.LIVE)
    body = live.body(**ASKED, method="till_deduped_queryable")
    file = tmp_path / f"stop-{point}"
    file.touch()
    with workers(1) as first, ThreadPoolExecutor(1) as pool:
        lost = pool.submit(live.signer.post_to, first.url, "payments", body, key=KEY)
        wait_for((tmp_path / f"at-{point}").exists)
        end(first)
        file.unlink()
        end_leases()
        with workers(1) as second:
            answer = live.signer.post_to(second.url, "payments", body, key=KEY)
            if end is stop:
                os.killpg(first.process.pid, signal.SIGCONT)
                assert lost.result().status_code in {200, 202, 409}
            else:
                assert isinstance(lost.exception(), requests.ConnectionError)
            again = live.signer.post_to(second.url, "payments", body, key=KEY)
    assert (answer.status_code, again.content) == (200, answer.content)
    assert len(till.ledger) == 1
    assert (BridgeCall.objects.count(), Payment.objects.get().state) == (1, "paid")
