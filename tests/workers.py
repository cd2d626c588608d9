"""Serve the database of the running test with real gunicorn workers: ``with workers(2) as address: …``.

The test needs `transaction=True`, so that other processes see its rows.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def workers(number: int = 2, *, threads: int = 8, **environment: str) -> Iterator[str]:
    """Start gunicorn as `make run` does, yield its address, end it."""
    address = f"127.0.0.1:{free_port()}"
    shape = ["--workers", str(number), "--threads", str(threads), "--no-control-socket", "--log-level", "warning"]
    command = [sys.executable, "-m", "gunicorn", "--bind", address, *shape, "kasilabs.wsgi:application"]
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen(command, env={**os.environ, **own, **environment})
    try:
        _wait(f"http://{address}/healthz")
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            requests.get(address, timeout=1)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(address)
