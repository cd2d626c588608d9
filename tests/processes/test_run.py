"""The command `run`: whatever ends it, nothing of it is left; a port in use is said before anything is done."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from django.conf import settings

from tests.support.gunicorn import free_port
from tests.support.waiting import HANGS_AFTER_SECONDS, wait_for

pytestmark = pytest.mark.processes


@dataclass(frozen=True)
class Demo:
    """A demo that runs; `folder` holds its data."""

    folder: Path
    port: int
    process: subprocess.Popen[str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of one demo, started several times."""
    return tmp_path_factory.mktemp("demo")


@contextmanager
def run(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the demo in a process group of its own, as a terminal does."""
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)}
    command = [sys.executable, "manage.py", "run", "--port", str(port)]
    with (
        (folder / "stderr.txt").open("w") as stderr,
        subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert any(line.startswith("Ctrl-C ends it.") for line in process.stdout)


def process_tree(pid: int) -> set[int]:
    """Return a process and all that came of it."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return {pid}.union(*(process_tree(int(child)) for child in children))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda end: end.name)
def test_nothing_is_left_of_a_demo_that_ends(folder: Path, end: signal.Signals) -> None:
    port = free_port()
    with run(folder, port) as process:
        wait_until_ready(process)
        # Run, two samples, the web server and its two workers, the worker of later work.
        wait_for(lambda: len(process_tree(process.pid)) >= 7)
        processes = process_tree(process.pid)
        os.killpg(process.pid, end)
        wait_for(lambda: not any(map(is_running, processes)))
        # A killed process closes its sockets when its last thread has ended, a moment after it counts as dead.
        wait_for(lambda: is_free(port))


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    """One demo for every test that does not end it."""
    port = free_port()
    with run(folder, port) as process:
        wait_until_ready(process)
        yield Demo(folder, port, process)


def test_a_new_demo_makes_its_first_calls_and_makes_them_once(demo: Demo) -> None:
    with closing(sqlite3.connect(demo.folder / "kasilabs.sqlite3")) as database:
        states = dict(database.execute("SELECT state, count(*) FROM logs_call GROUP BY state"))
    assert states == {"succeeded": 25, "declined": 1, "refused": 8, "plugin_fault": 3}


def test_a_port_in_use_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with run(tmp_path, port) as process:
            printed, _nothing = process.communicate()
    assert (process.returncode, printed) == (1, "")
    assert (
        tmp_path / "stderr.txt"
    ).read_text() == f"CommandError: Port {port} is in use: take another with `make run PORT={port + 1}`.\n"
    assert not (tmp_path / "demo.json").exists()


def test_a_folder_in_use_is_said_and_the_first_run_goes_on(demo: Demo) -> None:
    before = (demo.folder / "demo.json").read_bytes()
    with run(demo.folder, free_port()) as second:
        printed, _nothing = second.communicate()
    assert (second.returncode, printed) == (1, "")
    assert (demo.folder / "stderr.txt").read_text() == (
        f"CommandError: Another `run` uses {demo.folder}: end it, or set DATA_DIR to another folder.\n"
    )
    assert (demo.folder / "demo.json").read_bytes() == before
    assert requests.get(f"http://127.0.0.1:{demo.port}/healthz", timeout=HANGS_AFTER_SECONDS).status_code == 200


def test_a_worker_that_dies_is_started_again(demo: Demo) -> None:
    (worker,) = [pid for pid in process_tree(demo.process.pid) if is_worker(pid)]
    os.kill(worker, signal.SIGKILL)
    wait_for(lambda: any(is_worker(pid) for pid in process_tree(demo.process.pid) - {worker}))


def is_worker(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"manage.py\0worker\0")
    return False
