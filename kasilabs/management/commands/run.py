import errno
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from kasilabs.demo import demo_file, first_calls
from kasilabs.demo.scenario import SAMPLES
from kasilabs.lib.child_processes import ChildEnded, ChildProcesses
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import Call

HOST = "127.0.0.1"
START_SECONDS = 60
MANAGE = (sys.executable, str(settings.BASE_DIR / "manage.py"))
GUNICORN = (sys.executable, "-m", "gunicorn", "--config", str(settings.BASE_DIR / "gunicorn.conf.py"))


class Command(BaseCommand):
    help = "Run the demo: migrations, data, both sample plugins and the web server, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        if not settings.DEMO:
            raise CommandError("`run` serves the demo. A production is started with gunicorn.", returncode=1)
        port = options["port"]
        _require_free(port)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler)
        url = f"http://{HOST}:{port}"
        environment = {**os.environ, "DEMO": "1", "PUBLIC_URL": url, "DATA_DIR": str(settings.DATA_DIR)}
        with _data_of_one_run(), ChildProcesses(environment, settings.BASE_DIR) as children:
            try:
                with _addresses_of_what_is_up():
                    document = self._start(url, port, children)
                self._welcome(url, document)
                children.watch()
            except ChildEnded as error:
                raise CommandError(str(error), returncode=1) from error
            except KeyboardInterrupt:
                self.stderr.write("Stopping.")

    def _start(self, url: str, port: int, children: ChildProcesses) -> dict[str, Any]:
        """Starts everything and waits until it answers; returns what the command `demo` has printed."""
        sample_ports = {sample.slug: _free_port() for sample in SAMPLES}
        demo_file.update({"publicUrl": url})
        plugin_urls = [f"--plugin-url={slug}=http://{HOST}:{number}" for slug, number in sample_ports.items()]
        # In a process of its own, which sees the new addresses from its start.
        seeding = children.start(*MANAGE, "demo", *plugin_urls, stdout=subprocess.PIPE)
        call_command("collectstatic", interactive=False, verbosity=0)
        output = children.output_of(seeding)
        if seeding.returncode:
            raise CommandError("The demo could not be made.", returncode=1)
        document: dict[str, Any] = json.loads(output)
        expire_stale_calls()
        is_first_start = not Call.objects.exists()
        for slug, number in sample_ports.items():
            children.start(*MANAGE, "sample_plugin", slug, "--port", str(number))
        children.start(*GUNICORN, "--bind", f"{HOST}:{port}")
        children.start(*MANAGE, "worker", restart=True)
        _wait_until(lambda: all(map(_listens, sample_ports.values())) and _answers(port), children)
        if is_first_start:
            self._make_first_calls(document)
        return document

    def _make_first_calls(self, document: dict[str, Any]) -> None:
        try:
            first_calls.make(document)
        except requests.RequestException as error:
            self.stderr.write(f"Not all first calls of the demo were made: {error}")

    def _welcome(self, url: str, document: dict[str, Any]) -> None:
        rows = "\n".join(f"  {user['email']:<32} {user['password']:<18} {user['role']}" for user in document["users"])
        self.stdout.write(f"\nKasiLabs plugins: {url}\n\nSign in as\n{rows}\n\nCtrl-C ends it.\n")
        self.stdout.flush()


def _require_free(port: int) -> None:
    """Raises CommandError when the web server could not listen on `port`."""
    if not 0 < port < 2**16:
        raise CommandError(f"There is no port {port}: take one from 1 to 65535.", returncode=1)
    with socket.socket() as probe:
        # As the web server does: without it, connections that ended a moment ago keep the port from being taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            other = port + 1 if port < 2**16 - 1 else 8000
            reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be taken ({error.strerror})"
            raise CommandError(
                f"Port {port} {reason}: take another with `make run PORT={other}`.", returncode=1
            ) from None


@contextmanager
def _data_of_one_run() -> Iterator[None]:
    """Keeps other runs away from DATA_DIR: they would take this one's addresses from its plugins."""
    try:
        with demo_file.in_use():
            yield
    except BlockingIOError:
        detail = f"Another `run` uses {settings.DATA_DIR}: end it, or set DATA_DIR to another folder."
        raise CommandError(detail, returncode=1) from None


@contextmanager
def _addresses_of_what_is_up() -> Iterator[None]:
    """Puts the addresses in demo.json back to those before when what is started in the block does not come up."""
    before = demo_file.read()
    try:
        yield
    except BaseException:
        addresses = ("publicUrl", "pluginAddresses", "pluginHosts")
        demo_file.update({name: before[name] for name in addresses if name in before})
        raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until(condition: Callable[[], bool], children: ChildProcesses) -> None:
    """Waits for what children do. Raises ChildEnded, or CommandError after START_SECONDS."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        children.raise_if_ended()
        if time.monotonic() > deadline:
            raise CommandError("The web server does not answer.", returncode=1)
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def _answers(port: int) -> bool:
    """Returns whether a worker has answered: the web server listens before its workers are ready."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == HTTPStatus.OK
    return False
