"""Bodies without a declared length, over the real web server."""

import json
from collections.abc import Iterator

import pytest
import requests

from tests.processes.conftest import Start
from tests.support.gunicorn import Workers
from tests.support.platform import Platform
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = pytest.mark.processes
CALL = {"tool": "support_desk__create_support_ticket", "input": {"subject": "No invoice"}}


def in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), 4096):
        yield body[start : start + 4096]


def send(running: Workers, platform: Platform, body: bytes) -> requests.Response:
    headers = {"Authorization": f"Bearer {platform.agent.key}", "Content-Type": "application/json"}
    return requests.post(
        f"{running.url}/agent/v1/calls", data=in_chunks(body), headers=headers, timeout=HANGS_AFTER_SECONDS
    )


def test_a_body_in_chunks_is_read_like_any_other_and_limited_like_any_other(platform: Platform, start: Start) -> None:
    running = start(1)
    assert send(running, platform, json.dumps(CALL).encode()).status_code == 200
    assert platform.row().state == "succeeded"
    at_the_limit = send(running, platform, json.dumps(CALL).encode().ljust(64 * 1024))
    assert at_the_limit.status_code == 200
    for size in (64 * 1024 + 1, 70_000, 3_000_000):
        answer = send(running, platform, b" " * size)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert answer.headers["Connection"] == "close"


def test_a_body_that_nobody_reads_ends_its_connection_and_says_so(platform: Platform, start: Start) -> None:
    running = start(1)
    headers = {"Authorization": f"Bearer {platform.agent.key}", "Content-Type": "application/json"}
    url = f"{running.url}/agent/v1/calls"
    with requests.Session() as session:
        for _ in range(5):
            large = session.post(url, data=b" " * 66_000, headers=headers, timeout=HANGS_AFTER_SECONDS)
            assert (large.status_code, large.headers["Connection"]) == (413, "close")
            right = session.post(url, json=CALL, headers=headers, timeout=HANGS_AFTER_SECONDS)
            assert (right.status_code, right.headers["Connection"]) == (200, "keep-alive")
