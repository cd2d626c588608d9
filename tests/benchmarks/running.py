"""The processes of a stage: the plugin, and gunicorn with the platform or with the bare view."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.benchmarks.stage import PLUGIN_HOST, ROOT
from tests.support.gunicorn import free_port

START_SECONDS = 30
PLUGIN_PORT = int(os.environ.get("BENCHMARK_PLUGIN_PORT", "0"))
PLUGIN_URL = f"http://{PLUGIN_HOST}/tools"


@dataclass(frozen=True)
class Server:
    """A server that answers; `start_seconds` is how long it took until then."""

    port: int
    pid: int
    start_seconds: float


@contextmanager
def plugin() -> Iterator[Server]:
    """Run the plugin of this stage."""
    with _running("plugin", [sys.executable, "-m", "tests.benchmarks.plugin", str(PLUGIN_PORT)], PLUGIN_PORT) as found:
        yield found


@contextmanager
def platform() -> Iterator[Server]:
    """Run the platform in two workers of eight threads, until it says that it is ready."""
    with _gunicorn("web", int(os.environ["BENCHMARK_WEB_PORT"]), "kasilabs.wsgi:application") as found:
        yield found


@contextmanager
def bare() -> Iterator[Server]:
    """Run the bare view in the same shape."""
    with _gunicorn("bare", free_port(), "tests.benchmarks.bare.wsgi:application") as found:
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
def _gunicorn(name: str, port: int, application: str) -> Iterator[Server]:
    shape = ["--workers", "2", "--threads", "8", "--bind", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), *shape, application]
    with _running(name, command, port) as found:
        yield found


@contextmanager
def _running(name: str, command: list[str], port: int) -> Iterator[Server]:
    given = {**os.environ, "LOG_LEVEL": "INFO"}
    started = time.perf_counter()
    with (Path(os.environ["DATA_DIR"]) / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=log, stderr=log)
        try:
            _wait(process, port)
            yield Server(port, process.pid, time.perf_counter() - started)
        finally:
            process.terminate()
            process.wait(40)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if ask(port, "/readyz").status == 200:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.02)
    raise TimeoutError(f"{process.args!r} does not answer")
