"""The limit on failed agent keys, over two gunicorn workers."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from django.utils import timezone

from kasilabs.accounts.models import RateCounter
from kasilabs.whatsapp import agent_keys
from tests.processes.conftest import Start
from tests.support import factories
from tests.support.gunicorn import Workers
from tests.support.platform import Platform
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = pytest.mark.processes


def statuses(running: Workers, key: str, times: int) -> Counter[int]:
    """Ask for the tools many times, sixteen requests at once; count what was answered."""

    def ask(_number: int) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return requests.get(f"{running.url}/agent/v1/tools", headers=headers, timeout=HANGS_AFTER_SECONDS).status_code

    with ThreadPoolExecutor(16) as pool:
        return Counter(pool.map(ask, range(times)))


def test_twenty_of_two_hundred_bad_keys_at_once_are_401_and_the_rest_429(start: Start) -> None:
    assert statuses(start(2), "kla_aaaaaaaa_" + "x" * 43, 200) == {401: 20, 429: 180}


def test_a_poll_with_a_revoked_key_is_told_so_again_after_the_minute(platform: Platform, start: Start) -> None:
    running = start(2)
    agent_keys.revoke(key=platform.legal.agent_keys.get(), actor=factories.ACTOR)
    assert statuses(running, platform.agent.key, 40) == {401: 20, 429: 20}
    RateCounter.objects.update(ends=timezone.now())
    assert statuses(running, platform.agent.key, 40) == {401: 20, 429: 20}
    assert statuses(running, platform.other_agent.key, 1) == {200: 1}
