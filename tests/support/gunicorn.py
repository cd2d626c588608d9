"""Serve the database of the running test with real gunicorn workers: ``with workers(2) as running: …``.

The test needs `transaction=True`, so that other processes see its rows.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from django.db import connection

from tests.support.waiting import HANGS_AFTER_SECONDS


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
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def workers(
    number: int = 2, *, threads: int = 8, options: Sequence[str] = (), output: Path | None = None, **environment: str
) -> Iterator[Workers]:
    """Start gunicorn as `make run` does, yield it, end it; further arguments go into its environment.

    `options` are more of its own; `output` is a file for all that it and its workers write.

    gunicorn inherits a socket that listens already. A first request waits there until a worker takes it, and is refused
    when gunicorn ends without one.
    """
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "PLUGIN_HOSTS_ALLOWED": settings.PLUGIN_HOSTS_ALLOWED,
        "WEB_THREADS": str(threads),
        "LOG_LEVEL": "WARNING",
    }
    with socket.create_server(("127.0.0.1", 0)) as listener, output.open("wb") if output else nullcontext() as log:
        port, bind = listener.getsockname()[1], f"fd://{listener.fileno()}"
        shape = ["--bind", bind, "--workers", str(number), "--threads", str(threads), "--log-level", "warning"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", *shape, *options],
            env={**os.environ, **own, **environment},
            cwd=settings.BASE_DIR,
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    running = Workers(f"http://127.0.0.1:{port}", process)
    try:
        requests.get(f"{running.url}/healthz", timeout=HANGS_AFTER_SECONDS)
        yield running
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(HANGS_AFTER_SECONDS)
        running.kill()
