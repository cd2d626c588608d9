"""The servers of a benchmark: the plugin, and gunicorn with the platform or with the bare views."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.benchmarks.environment import PLUGIN_HOST, ROOT
from tests.support.gunicorn import free_port

PLUGIN_PORT = int(os.environ.get("BENCHMARK_PLUGIN_PORT", "0"))
PLUGIN_URL = f"http://{PLUGIN_HOST}/tools"


@dataclass(frozen=True)
class Server:
    """A server that answers; `start_seconds` is how long it took until then."""

    port: int
    pid: int
    start_seconds: float


@contextmanager
def echo_plugin() -> Iterator[Server]:
    """Run the plugin that answers at once."""
    command = [sys.executable, "-m", "tests.benchmarks.echo_plugin", str(PLUGIN_PORT)]
    with _running("plugin", command, PLUGIN_PORT) as found:
        yield found


@contextmanager
def platform() -> Iterator[Server]:
    """Run the platform in two workers of eight threads, until it says that it is ready."""
    with _gunicorn("web", int(os.environ["BENCHMARK_WEB_PORT"]), "kasilabs.wsgi:application") as found:
        yield found


@contextmanager
def bare() -> Iterator[Server]:
    """Run the bare views in the same shape. The master of gunicorn loads settings before an application names any."""
    own = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.bare.settings"}
    with _gunicorn("bare", free_port(), "tests.benchmarks.bare.wsgi:application", **own) as found:
        yield found


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: Message
    body: bytes


def ask(port: int, path: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Ask once, over a connection of its own."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())


@contextmanager
def _gunicorn(name: str, port: int, application: str, **variables: str) -> Iterator[Server]:
    shape = ["--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), *shape, application]
    with _running(name, command, port, **variables) as found:
        yield found


@contextmanager
def _running(name: str, command: list[str], port: int, **variables: str) -> Iterator[Server]:
    given = {**os.environ, "LOG_LEVEL": "INFO", **variables}
    started = time.perf_counter()
    with (Path(os.environ["DATA_DIR"]) / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=log, stderr=log)
        try:
            _wait_until_ready(process, port)
            yield Server(port, process.pid, time.perf_counter() - started)
        finally:
            process.terminate()
            process.wait(40)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    while process.poll() is None:
        with suppress(OSError, HTTPException):
            if ask(port, "/readyz").status == 200:
                return
        time.sleep(0.02)
    raise AssertionError(f"{process.args!r} ended with {process.returncode}")
