"""The quick start, typed as it stands: every command of the page, against a demo that runs."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.docs import pages
from tests.support.gunicorn import free_port
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = pytest.mark.processes
PAGE = pages.DOCS / "authors" / "quick-start.md"
PLUGIN = "9001"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder that looks like the project to whoever types in it, with data of its own."""
    seen = {"docs": pages.DOCS, "manage.py": pages.ROOT / "manage.py", ".venv": Path(sys.prefix)}
    for name, target in seen.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


@pytest.fixture
def plugin_port() -> str:
    return str(free_port())


@pytest.fixture
def environment(room: Path, plugin_port: str) -> dict[str, str]:
    allowed = {"PLUGIN_HOSTS_ALLOWED": f"my-desk.localhost=127.0.0.1:{plugin_port}"}
    return {"PATH": os.environ["PATH"], "HOME": str(room), "DATA_DIR": str(room / "data"), **allowed}


@pytest.fixture
def demo(room: Path, environment: dict[str, str]) -> Iterator[None]:
    """What `make run` starts, on another port than usual, once it has said that it is up."""
    command = [sys.executable, "manage.py", "run", "--port", str(free_port())]
    with subprocess.Popen(command, cwd=room, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            assert any("Ctrl-C ends it." in line for line in process.stdout)
            yield
        finally:
            process.terminate()


def script(plugin_port: str) -> str:
    """All blocks a person types, one after the other; the plugin gets the moment a person gives it to start."""
    typed = "\n".join(["set -eu", *pages.blocks(PAGE, "sh")]).replace(PLUGIN, plugin_port)
    listens = f"until (: < /dev/tcp/127.0.0.1/{plugin_port}) 2> /dev/null; do sleep 0.1; done"
    return typed.replace(f"plugin.py {plugin_port} &\n", f"plugin.py {plugin_port} &\n{listens}\n")


def test_the_quick_start_ends_with_a_call_that_works(
    room: Path, plugin_port: str, environment: dict[str, str], demo: None
) -> None:
    command, printed = ["bash", "-c", script(plugin_port)], room / "printed.txt"
    with printed.open("w") as out:
        shell = subprocess.Popen(command, cwd=room, env=environment, stdout=out, stderr=out, start_new_session=True)
        try:
            assert shell.wait(HANGS_AFTER_SECONDS) == 0, printed.read_text()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGTERM)
    outputs = [json.loads(output) for output in re.findall(r'"output": (\{.*?\})', printed.read_text())]
    of_the_sample, created, found, created_by_the_next_version = outputs
    assert created == {"status": "created", "reference": "T-1001", "queue": "billing"}
    assert of_the_sample == {**created, "reference": of_the_sample["reference"]}
    assert (found["status"], found["reference"], found["subject"]) == ("found", "T-1001", "My first call")
    assert created_by_the_next_version == {"status": "created", "reference": "T-1002", "queue": "complaints"}
    assert '"valid": true, "slug": "MY_DESK"' in printed.read_text()
