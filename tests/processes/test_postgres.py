"""The throwaway PostgreSQL of the suite leaves nothing behind, also when it is told to end."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.processes


def test_a_cluster_that_is_told_to_end_is_stopped_and_removed() -> None:
    command = [sys.executable, "-m", "tests.support.postgres", "sh", "-c", "echo $DATABASE_URL; exec sleep 60"]
    with subprocess.Popen(command, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout
        room = Path(running.stdout.readline().strip().partition("host=")[2])
        server = Path("/proc", (room / "data" / "postmaster.pid").read_text().split()[0], "cmdline")
        assert str(room) in server.read_text()
        running.terminate()
        assert running.wait() == 143
    assert not room.exists()
    assert not (server.exists() and server.read_text())
