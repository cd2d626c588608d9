"""Run `manage.py worker` on the database of the running test, as `tests.support.gunicorn` does the web server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from tests.support import suspension
from tests.support.gunicorn import database_url
from tests.support.waiting import wait_for


@dataclass
class Worker:
    """A running worker in a process group of its own; `log` is what it wrote to stderr."""

    process: subprocess.Popen[bytes]
    log: Path

    def send(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def suspend(self) -> None:
        """Stop the worker until it is sent SIGCONT."""
        suspension.suspend(self.process.pid)

    def kill(self) -> None:
        self.send(signal.SIGKILL)
        self.process.wait()

    def wait_for_line(self, words: str) -> None:
        wait_for(lambda: words in self.log.read_text())


@contextmanager
def worker(log: Path, **environment: str) -> Iterator[Worker]:
    """Start a worker, yield it at once, and kill it if it still runs; further arguments go into its environment."""
    own = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database_url(),
        "DATA_DIR": str(settings.DATA_DIR),
        "JOBS_URL": settings.JOBS_URL,
        "JOBS_SWEEP_SECONDS": "0.2",
        "JOBS_LEASE_SECONDS": "1",
        "JOBS_RETRY_SECONDS": "0.1",
        "PROVIDER_TIMEOUT_SECONDS": "0.5",
    }
    command = [sys.executable, "manage.py", "worker"]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env={**os.environ, **own, **environment}, cwd=settings.BASE_DIR, stderr=out, start_new_session=True
        )
    running = Worker(process, log)
    try:
        yield running
    finally:
        if process.poll() is None:
            running.send(signal.SIGCONT)
            running.kill()
