"""The platform as it runs in earnest: gunicorn workers on the database of the test."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import requests

from tests.support.gunicorn import Workers, workers
from tests.support.platform import Platform
from tests.support.waiting import HANGS_AFTER_SECONDS

Start = Callable[..., Workers]


@pytest.fixture
def start(transactional_db: None) -> Iterator[Start]:
    """Start gunicorn on the test's database; it ends with the test."""
    with ExitStack() as stack:
        yield lambda *args, **kwargs: stack.enter_context(workers(*args, **kwargs))


def call(running: Workers, platform: Platform, **members: Any) -> requests.Response:
    """Let the agent of the granted number call its tool through running workers."""
    headers = {"Authorization": f"Bearer {platform.agent.key}", "Content-Type": "application/json"}
    headers |= members.pop("headers", {})
    body = {"tool": "support_desk__create_support_ticket", "input": {"subject": "No invoice"}, **members}
    return requests.post(
        f"{running.url}/agent/v1/calls", json.dumps(body), headers=headers, timeout=HANGS_AFTER_SECONDS
    )
