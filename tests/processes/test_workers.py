"""Two workers at once: who makes a row first, what a slow plugin holds up, what a killed process leaves behind."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from installations.models import CustomerAlias
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import Call
from kasilabs.whatsapp.models import Conversation, Customer, CustomerHandle
from tests.processes.conftest import Start, call
from tests.support import fake_plugin_server
from tests.support.fake_plugin_server import message, reads_and_is_silent
from tests.support.platform import PHONE, Build, Platform, Serve
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = pytest.mark.processes
KEY = {"Idempotency-Key": "0123456789abcdef"}


def answers_after(event: threading.Event) -> fake_plugin_server.Behaviour:
    """Read a request, and answer it when something has happened."""

    def behave(visit: fake_plugin_server.Visit) -> None:
        for _request in visit.requests():
            event.wait()
            visit.send(message())

    return behave


def test_one_customer_comes_of_many_first_calls_at_once(platform: Platform, start: Start) -> None:
    running = start()
    conversation = {"id": "chat-1", "customer": {"phone": PHONE, "userId": "KE.abc"}}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: call(running, platform, conversation=conversation), range(48)))
    assert {answer.status_code for answer in answers} == {200}
    assert (Customer.objects.count(), CustomerHandle.objects.count()) == (1, 2)
    assert (Conversation.objects.count(), CustomerAlias.objects.count()) == (1, 1)
    assert Call.objects.filter(state="succeeded").count() == 48


def test_one_effect_comes_of_many_calls_with_one_key(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer, start: Start
) -> None:
    running = start()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: call(running, platform, headers=KEY), range(64)))
    assert len(plugin.requests) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    done = [answer for answer in answers if answer.status_code == 200]
    assert len({answer.content for answer in done}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in done) == 1
    assert Call.objects.count() == 1


def test_a_slow_plugin_does_not_hold_up_an_unrelated_page(build: Build, serve: Serve, start: Start) -> None:
    page_has_answered = threading.Event()
    plugin = serve(answers_after(page_has_answered))
    platform = build(plugin.url(), tool={"timeoutSeconds": 30})
    running = start(1, threads=12, WEB_TURNS="1", DATABASE_POOL_SIZE="1")
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(call, running, platform) for _ in range(8)]
        plugin.wait_for_requests(8)
        page = requests.get(f"{running.url}/readyz", timeout=HANGS_AFTER_SECONDS)
        page_has_answered.set()
        assert page.status_code == 200
        assert [each.result().status_code for each in calls] == [200] * 8


def test_calls_beyond_the_places_of_an_installation_are_busy_at_once(build: Build, serve: Serve, start: Start) -> None:
    others_have_answered = threading.Event()
    plugin = serve(answers_after(others_have_answered))
    platform = build(plugin.url(), tool={"timeoutSeconds": 30})
    running = start(1, threads=16, CALLS_PER_INSTALLATION="4", CALLS_WAITING="12")
    with ThreadPoolExecutor(4) as pool:
        first = [pool.submit(call, running, platform, headers={"Idempotency-Key": f"key-{n:013}"}) for n in range(4)]
        plugin.wait_for_requests(4)
        answers = [call(running, platform, headers=KEY) for _ in range(3)]
        replay = call(running, platform, headers={"Idempotency-Key": f"key-{0:013}"})
        others_have_answered.set()
        assert [each.result().status_code for each in first] == [200] * 4
    refusals = {(each.status_code, each.json()["code"], each.json()["gate"]) for each in answers}
    assert refusals == {(503, "busy", "concurrency")}
    assert {each.headers["Retry-After"] for each in answers} == {"5"}
    assert (replay.status_code, replay.json()["code"]) == (409, "in_progress")
    assert Call.objects.filter(state="refused", gate="concurrency", reason="installation_full").count() == 3
    assert call(running, platform, headers=KEY).status_code == 200, "a busy call claims no key"


def test_a_killed_call_is_lost_and_its_key_says_so(build: Build, serve: Serve, start: Start) -> None:
    plugin = serve(reads_and_is_silent)
    platform = build(plugin.url())
    running = start()
    caller = threading.Thread(target=_ignoring_errors, args=(lambda: call(running, platform, headers=KEY),))
    caller.start()
    plugin.wait_for_requests(1)
    running.kill()
    caller.join()
    assert Call.objects.get().state == "open"
    Call.objects.update(lost_after=timezone.now() - timedelta(seconds=1))
    again = start()
    answer = call(again, platform, headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (504, "plugin_timeout")
    assert Call.objects.get().state == "lost"


def test_what_is_settled_as_lost_stays_lost(platform: Platform) -> None:
    platform.agent.call()
    Call.objects.update(state="open", lost_after=timezone.now() - timedelta(seconds=1))
    assert (expire_stale_calls(), expire_stale_calls()) == (1, 0)
    assert platform.row().code == "plugin_timeout"


def test_readiness_names_the_database_when_it_is_gone(start: Start) -> None:
    running = start()
    assert requests.get(f"{running.url}/readyz", timeout=HANGS_AFTER_SECONDS).json() == {
        "status": "ok",
        "checks": {"database": True, "migrations": True, "keys": True},
    }


def _ignoring_errors(work: Callable[[], object]) -> None:
    with suppress(requests.RequestException):
        work()
