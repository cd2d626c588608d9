"""Run a command with a throwaway PostgreSQL: ``python -m tests.support.postgres COMMAND …`` sets DATABASE_URL.

PostgreSQL refuses to run as root, so as root the cluster belongs to the user nobody.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

FAST = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=200"


def binaries() -> Path:
    """Return the folder of the newest PostgreSQL server on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        sys.exit("PostgreSQL server binaries are missing: install the package postgresql.")
    return Path(on_path).parent


def _unprivileged() -> list[str]:
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


@dataclass(frozen=True)
class Cluster:
    """A running server; `url` is an empty database of it."""

    url: str
    _control: list[str]
    _start: list[str]

    def stop(self, mode: str = "fast") -> None:
        """End the server; `fast` tells those who are connected, `immediate` is a crash."""
        subprocess.run([*self._control, "-m", mode, "stop"], check=True)

    def start(self) -> None:
        """Start the server again, with what it held."""
        subprocess.run([*self._control, *self._start], check=True)


@contextlib.contextmanager
def cluster(options: str = FAST) -> Iterator[Cluster]:
    """Start a cluster in a temporary folder, yield it, stop it and remove the folder."""
    room = Path(tempfile.mkdtemp(prefix="kasilabs-pg-"))
    room.chmod(0o755)
    data = room / "data"
    data.mkdir()
    if os.geteuid() == 0:
        for path in (room, data):
            shutil.chown(path, "nobody", "nogroup")
    control = [*_unprivileged(), str(binaries() / "pg_ctl"), "-D", str(data), "-w", "-s"]
    server = f"-c listen_addresses='' -k {room} {options}"
    start = ["-l", str(data / "log"), "-o", server, "start"]
    try:
        _initialize(data)
        running = Cluster(f"postgres://postgres@/kasilabs?host={room}", control, start)
        running.start()
        subprocess.run([str(binaries() / "createdb"), "-h", str(room), "-U", "postgres", "kasilabs"], check=True)
        yield running
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False)
        shutil.rmtree(room, ignore_errors=True)


def _initialize(data: Path) -> None:
    initdb = [*_unprivileged(), str(binaries() / "initdb"), "-D", str(data)]
    subprocess.run(
        [*initdb, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "HOME": "/"},
    )


def _end(number: int, _frame: FrameType | None) -> None:
    """Leave as after Ctrl-C, past everything that cleans up; told a second time, go on with that."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


def main(command: list[str]) -> int:
    signal.signal(signal.SIGTERM, _end)
    with cluster() as running:
        return subprocess.run(command, env={**os.environ, "DATABASE_URL": running.url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
