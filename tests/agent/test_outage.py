"""A database that goes away while the plugin works: the agent gets the answer, and the row says what happened."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kasilabs.lib.crypto import fields
from kasilabs.lib.db import connection
from kasilabs.logs import unwritten
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import Call, CallAnswer, CallState
from tests.support import outage
from tests.support.fake_plugin_server import Behaviour, Visit, answers, message
from tests.support.outage import Outage
from tests.support.platform import Build, Serve
from tests.support.waiting import wait_for

KEY = {"Idempotency-Key": "0123456789abcdef"}
ANSWER = b'{"ticketId": "T-1", "note": "canary-answer"}'


@pytest.fixture
def away(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Outage]:
    settings.DATA_DIR = tmp_path
    with outage.of_this_thread() as database:
        yield database
        database.end()
        outage.wait_until_over()
        wait_for(lambda: not unwritten._kept() and not unwritten._delivering.locked())


def answers_as_the_database_goes(away: Outage, *, then: object = None) -> Behaviour:
    def behave(visit: Visit) -> None:
        for _request in visit.requests():
            away.begin()
            visit.send(message(ANSWER))
            if isinstance(then, threading.Timer):
                then.start()

    return behave


def test_a_call_waits_for_a_database_that_comes_back(away: Outage, build: Build, serve: Serve, settings: Any) -> None:
    settings.CALLS_GRACE_SECONDS = 300.0
    back = threading.Timer(0.5, away.end)
    platform = build(serve(answers_as_the_database_goes(away, then=back)).url())
    answer = platform.agent.call(headers=KEY)
    back.join()
    outage.wait_until_over()
    assert (answer.status_code, answer.json()["output"]["ticketId"]) == (200, "T-1")
    assert platform.row().state == CallState.SUCCEEDED
    assert unwritten._kept() == []
    assert platform.agent.call(headers=KEY).content == answer.content


def test_what_could_not_be_written_is_written_later(
    away: Outage, build: Build, serve: Serve, settings: Any, tmp_path: Path
) -> None:
    settings.CALLS_GRACE_SECONDS = 0.1
    platform = build(serve(answers_as_the_database_goes(away)).url())
    answer = platform.agent.call(headers=KEY)
    assert (answer.status_code, answer.json()["output"]["ticketId"]) == (200, "T-1")
    (kept,) = (tmp_path / "unwritten").iterdir()
    assert b"canary-answer" not in kept.read_bytes()
    assert kept.stat().st_mode & 0o777 == 0o600
    away.end()
    wait_for(lambda: not kept.exists())
    outage.wait_until_over()
    assert platform.row().state == CallState.SUCCEEDED
    again = platform.agent.call(headers=KEY)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (answer.content, "true")


def test_a_row_given_up_as_lost_gets_what_really_happened(
    away: Outage, build: Build, serve: Serve, settings: Any
) -> None:
    settings.CALLS_GRACE_SECONDS = 0.1
    platform = build(serve(answers_as_the_database_goes(away)).url())
    with unwritten._delivering:  # The process ends before the database is back.
        platform.agent.call()
        away.end()
        outage.wait_until_over()
        Call.objects.update(lost_after="2026-01-01T00:00:00Z")
        assert expire_stale_calls() == 1
    assert platform.row().state == CallState.LOST
    unwritten.deliver()
    assert platform.row().state == CallState.SUCCEEDED
    unwritten.deliver()


def test_without_a_place_on_the_disk_it_is_kept_in_memory(
    away: Outage, build: Build, serve: Serve, settings: Any, tmp_path: Path
) -> None:
    settings.CALLS_GRACE_SECONDS = 0.1
    platform = build(serve(answers_as_the_database_goes(away)).url())
    (tmp_path / "unwritten").touch()
    assert platform.agent.call().status_code == 200
    assert len(unwritten._in_memory) == 1
    away.end()
    wait_for(lambda: not unwritten._in_memory)
    outage.wait_until_over()
    assert platform.row().state == CallState.SUCCEEDED


def test_a_file_that_does_not_open_is_put_aside(away: Outage, tmp_path: Path) -> None:
    (tmp_path / "unwritten").mkdir()
    (tmp_path / "unwritten" / ("0" * 32)).write_text("v1.k1.broken")
    unwritten.deliver()
    assert [path.name for path in (tmp_path / "unwritten").iterdir()] == ["0" * 32 + ".unreadable"]


def test_a_file_of_another_version_is_put_aside_and_keeps_up_no_other(
    transactional_db: None, build: Build, serve: Serve, settings: Any, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    platform = build(serve(answers(message(ANSWER))).url())
    platform.agent.call()
    row = platform.row()
    Call.objects.update(state=CallState.OPEN)
    other = CallAnswer(call_id=UUID(int=0))
    columns = json.dumps([{"model": "logs.call", "pk": other.call_id.hex, "fields": {"was_renamed": 1}}])
    fields.seal(other, "body", json.dumps({"row": columns, "status": 200, "answer": None}))
    (tmp_path / "unwritten").mkdir()
    (tmp_path / "unwritten" / other.call_id.hex).write_text(other.body)
    with unwritten._delivering:
        unwritten.keep(row, answer=None)
        unwritten.deliver()
    assert platform.row().state == CallState.SUCCEEDED
    assert [path.name for path in (tmp_path / "unwritten").iterdir()] == [other.call_id.hex + ".unreadable"]


def test_a_call_that_cannot_begin_is_unavailable(away: Outage, build: Build, serve: Serve) -> None:
    plugin = serve(answers(message()))
    platform = build(plugin.url())
    platform.agent.client.raise_request_exception = False
    away.begin()
    answer = platform.agent.call(headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == str(connection.RETRY_SECONDS)
    assert plugin.requests == []
