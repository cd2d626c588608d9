"""A database that goes away: doors and pages say so, and work again by themselves."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.conf import settings

from tests.support import postgres
from tests.support.gunicorn import workers
from tests.support.postgres import Cluster
from tests.support.waiting import HANGS_AFTER_SECONDS, wait_for

pytestmark = pytest.mark.processes
WRONG_KEY = f"kla_{'a' * 8}_{'b' * 43}"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A migrated PostgreSQL server that may be stopped: not the one of the suite."""
    with postgres.cluster() as running:
        migrate = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
        given = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "DATABASE_URL": running.url}
        subprocess.run(migrate, env=given, cwd=settings.BASE_DIR, check=True)
        yield running


def ask(url: str, path: str) -> requests.Response:
    """Ask for a page as somebody with a session, and for a door with a key: both have to be looked up."""
    headers = {"Authorization": f"Bearer {WRONG_KEY}", "Cookie": "sessionid=0123456789abcdef0123456789abcdef"}
    return requests.get(f"{url}{path}", headers=headers, allow_redirects=False, timeout=HANGS_AFTER_SECONDS)


def test_without_a_database_everything_says_so_and_works_again_by_itself(cluster: Cluster, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with workers(1, output=log, DATABASE_URL=cluster.url, LOG_LEVEL="INFO") as running:
        found = {path: ask(running.url, path).status_code for path in ("/readyz", "/agent/v1/tools", "/")}
        assert found == {"/readyz": 200, "/agent/v1/tools": 401, "/": 302}
        cluster.stop()
        door, page = ask(running.url, "/agent/v1/tools"), ask(running.url, "/")
        assert (door.status_code, door.json()["code"]) == (503, "unavailable")
        assert (page.status_code, door.headers["Retry-After"], page.headers["Retry-After"]) == (503, "5", "5")
        assert "cannot reach its database" in page.text
        assert ask(running.url, "/readyz").json()["checks"] == {"database": False, "migrations": False, "keys": False}
        assert ask(running.url, "/healthz").status_code == 200
        cluster.start()
        wait_for(lambda: ask(running.url, "/readyz").status_code == 200)
        assert {ask(running.url, "/").status_code for _ in range(20)} == {302}
    assert "Traceback" not in log.read_text()
    assert "Service Unavailable" in log.read_text()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_between_two_requests_is_not_noticed(cluster: Cluster, mode: str) -> None:
    with workers(1, DATABASE_URL=cluster.url) as running:
        for _ in range(3):
            assert {ask(running.url, "/").status_code for _ in range(8)} == {302}
            cluster.stop(mode)
            cluster.start()
