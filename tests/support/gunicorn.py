"""Serve the database of the running test with real gunicorn workers: ``with workers(2) as running: …``.

The test needs `transaction=True`, so that other processes see its rows.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from django.db import connection

START_SECONDS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url() -> str:
    """Return the URL of the database this test writes to."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))


@dataclass
class Workers:
    """A running gunicorn; `url` is where it answers."""

    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """Kill master and workers at once, as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def workers(number: int = 2, *, threads: int = 8, **environment: str) -> Iterator[Workers]:
    """Start gunicorn as `make run` does, yield it, end it; further arguments go into its environment."""
    address = f"127.0.0.1:{free_port()}"
    shape = ["--workers", str(number), "--threads", str(threads), "--log-level", "warning"]
    command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--bind", address, *shape]
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "PLUGIN_HOSTS_ALLOWED": settings.PLUGIN_HOSTS_ALLOWED,
        "WEB_THREADS": str(threads),
        "LOG_LEVEL": "WARNING",
    }
    given = {**os.environ, **own, **environment}
    process = subprocess.Popen(command, env=given, cwd=settings.BASE_DIR, start_new_session=True)
    running = Workers(f"http://{address}", process)
    try:
        _wait(f"{running.url}/healthz")
        yield running
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(address, timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(address)
