import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kasilabs.demo import demo_file
from kasilabs.demo.scenario import SAMPLES
from kasilabs.logs.expire import expire_stale_calls

STOP_SECONDS = 8


class Command(BaseCommand):
    help = "Run the demo: migrations, data, both sample plugins and the web server, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        if not settings.DEMO:
            raise CommandError("`run` serves the demo. A production is started with gunicorn.", returncode=1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        children: list[subprocess.Popen[bytes]] = []
        try:
            self._start(options["port"], children)
            self._watch(children)
        except KeyboardInterrupt:
            self.stderr.write("Stopping.")
        finally:
            _end(children)

    def _start(self, port: int, children: list[subprocess.Popen[bytes]]) -> None:
        url = f"http://127.0.0.1:{port}"
        environment = {**os.environ, "DEMO": "1", "PUBLIC_URL": url}
        ports = {sample.slug: _free_port() for sample in SAMPLES}
        demo_file.update({"publicUrl": url})
        document = _demo(environment, ports)
        call_command("collectstatic", interactive=False, verbosity=0)
        expire_stale_calls()
        for slug, sample_port in ports.items():
            children.append(_manage(environment, "sample_plugin", slug, "--port", str(sample_port)))
        children.append(_gunicorn(environment, port))
        self._wait(port, children)
        self._welcome(url, document)

    def _wait(self, port: int, children: list[subprocess.Popen[bytes]]) -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            self._raise_if_ended(children)
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.05)
        raise CommandError("The web server does not answer.", returncode=1)

    def _welcome(self, url: str, document: dict[str, Any]) -> None:
        rows = "\n".join(f"  {user['email']:<32} {user['password']:<18} {user['role']}" for user in document["users"])
        self.stdout.write(f"\nKasiLabs plugins: {url}\n\nSign in as\n{rows}\n\nCtrl-C ends it.\n")
        self.stdout.flush()

    def _watch(self, children: list[subprocess.Popen[bytes]]) -> None:
        while True:
            self._raise_if_ended(children)
            time.sleep(0.5)

    def _raise_if_ended(self, children: list[subprocess.Popen[bytes]]) -> None:
        for child in children:
            if child.poll() is not None:
                raise CommandError(f"A part ended with code {child.returncode}: {child.args!r}", returncode=1)


def _demo(environment: dict[str, str], ports: dict[str, int]) -> dict[str, Any]:
    """Make the demo in a process that sees the new addresses from its start."""
    addresses = [f"--plugin-url={slug}=http://127.0.0.1:{port}" for slug, port in ports.items()]
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo", *addresses]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)  # noqa: S603
    if done.returncode:
        raise CommandError(done.stdout.decode() or "The demo could not be made.", returncode=1)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _manage(environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.Popen(command, env=environment)  # noqa: S603


def _gunicorn(environment: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    config = str(settings.BASE_DIR / "gunicorn.conf.py")
    command = [sys.executable, "-m", "gunicorn", "--config", config, "--bind", f"127.0.0.1:{port}"]
    return subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)  # noqa: S603


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    """End what was started, the web server first; what does not end by itself is killed."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for child in reversed(children):
        child.terminate()
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=max(0.1, until - time.monotonic()))
        if child.poll() is None:
            child.kill()
            child.wait()
