"""The quick start, typed as it stands: every command of the page, against a demo that runs."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.docs import pages
from tests.support.clock import HANGS_AFTER_SECONDS
from tests.support.gunicorn import free_port

pytestmark = pytest.mark.processes
PAGE = pages.DOCS / "authors" / "quick-start.md"
PLATFORM, PLUGIN = "8000", "9001"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder that looks like the project to whoever types in it, with data of its own."""
    seen = {"docs": pages.DOCS, "manage.py": pages.ROOT / "manage.py", ".venv": Path(sys.prefix)}
    for name, target in seen.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


@pytest.fixture
def ports() -> dict[str, str]:
    return {PLATFORM: str(free_port()), PLUGIN: str(free_port())}


@pytest.fixture
def environment(room: Path, ports: dict[str, str]) -> dict[str, str]:
    allowed = {"PLUGIN_HOSTS_ALLOWED": f"my-desk.localhost=127.0.0.1:{ports[PLUGIN]}"}
    return {"PATH": os.environ["PATH"], "HOME": str(room), "DATA_DIR": str(room / "data"), **allowed}


@pytest.fixture
def demo(room: Path, ports: dict[str, str], environment: dict[str, str]) -> Iterator[None]:
    """What `make run` starts."""
    command = [sys.executable, "manage.py", "run", "--port", ports[PLATFORM]]
    with subprocess.Popen(command, cwd=room, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_until_it_answers(process, f"http://127.0.0.1:{ports[PLATFORM]}/readyz")
            yield
        finally:
            process.terminate()


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", url: str) -> None:
    while process.poll() is None:
        with suppress(requests.ConnectionError):
            requests.get(url, timeout=HANGS_AFTER_SECONDS)
            return
        time.sleep(0.1)
    raise AssertionError(f"the demo ended with {process.returncode}")


def script(ports: dict[str, str]) -> str:
    """All blocks a person types, one after the other. The plugin gets the moment that a person gives it to start."""
    typed = "\n".join(["set -eu", *pages.blocks(PAGE, "sh")])
    typed = re.sub(r"\b(8000|9001)\b", lambda port: ports[port[1]], typed)
    start, port = f"plugin.py {ports[PLUGIN]} &", ports[PLUGIN]
    return typed.replace(start, f"{start} until curl -s http://127.0.0.1:{port}/ > /dev/null; do sleep 0.1; done")


def test_the_quick_start_ends_with_a_call_that_works(
    room: Path, ports: dict[str, str], environment: dict[str, str], demo: None
) -> None:
    command, printed = ["bash", "-c", script(ports)], room / "printed.txt"
    with printed.open("w") as out:
        shell = subprocess.Popen(command, cwd=room, env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            assert shell.wait(HANGS_AFTER_SECONDS) == 0, printed.read_text()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
    of_the_sample, of_mine = (json.loads(output) for output in re.findall(r'"output": (\{.*?\})', printed.read_text()))
    assert of_mine == {"status": "created", "reference": "T-1001", "queue": "billing"}
    assert of_the_sample == {**of_mine, "reference": of_the_sample["reference"]}
    assert '"valid": true, "slug": "MY_DESK"' in printed.read_text()
