"""What gunicorn says itself: its answers to what it cannot read, and its lines in the process log."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from kasilabs.lib.machine_api import problems
from tests.processes.conftest import Start
from tests.support.gunicorn import Workers, workers
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = pytest.mark.processes
HOST = b"Host: 127.0.0.1\r\n"


def send(running: Workers, request: bytes) -> bytes:
    """Send bytes as they are on a connection of their own, and return all that comes back until it is closed."""
    address = urlsplit(running.url)
    with socket.create_connection((address.hostname, address.port), timeout=HANGS_AFTER_SECONDS) as connection:
        connection.sendall(request)
        received = b""
        # A server that has refused a request closes the connection over what it did not read of it.
        with suppress(ConnectionError):
            while some := connection.recv(65536):
                received += some
        return received


UNREADABLE = [
    (b"GET /agent/v1/tools\r\n\r\n", 400, "bad_request"),
    (b"get\x00 /agent/v1/tools HTTP/1.1\r\n\r\n", 400, "bad_request"),
    (b"GET /agent/v1/tools HTTP/9.9\r\n" + HOST + b"\r\n", 400, "bad_request"),
    (b"GET /agent/v1/tools HTTP/1.1\r\nA header: x\r\n\r\n", 400, "bad_request"),
    (b"GET /agent/v1/tools HTTP/1.1\r\nX: a\r\n b\r\n\r\n", 400, "bad_request"),
    (b"POST /agent/v1/calls HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400, "bad_request"),
    (b"POST /agent/v1/calls HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, "bad_request"),
    (
        b"POST /agent/v1/calls HTTP/1.1\r\n"
        + HOST
        + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\n",
        400,
        "bad_request",
    ),
    (b"GET /agent/v1/" + b"a" * 4096 + b" HTTP/1.1\r\n\r\n", 414, "too_large"),
    (b"POST /agent/v1/calls HTTP/1.1\r\nExpect: wonders\r\n\r\n", 417, "bad_request"),
    (b"GET /agent/v1/tools HTTP/1.1\r\nX: " + b"a" * 8200 + b"\r\n\r\n", 431, "too_large"),
    (b"GET /agent/v1/tools HTTP/1.1\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431, "too_large"),
    (b"POST /agent/v1/calls HTTP/1.1\r\nTransfer-Encoding: gzip, wonders\r\n\r\n", 501, "bad_request"),
]


def test_a_body_that_never_comes_keeps_nobody_from_work(start: Start) -> None:
    running = start(1, WEB_TURNS="1")
    address = urlsplit(running.url)
    head = b"Idempotency-Key: 0123456789abcdef\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=HANGS_AFTER_SECONDS) as connection:
        connection.sendall(b"POST /bridges/v1/payments HTTP/1.1\r\n" + HOST + head)
        answer = send(running, b"GET /agent/v1/tools HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 401 ")


def test_what_the_web_server_cannot_read_is_a_problem(start: Start) -> None:
    running = start(1)
    for request, status, code in UNREADABLE:
        head, _, body = send(running, request).partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        problem = json.loads(body)
        assert (int(first.split()[1]), problem["status"], problem["code"]) == (status, status, code), request[:60]
        assert headers["Content-Type"] == problems.CONTENT_TYPE
        assert re.fullmatch("[a-f0-9-]{36}", headers["X-Request-Id"])


@pytest.mark.parametrize("path", ["/agent/v1/tools", "/agent/v1", "/agent/nothing", "/schemas/manifest-v1.json"])
def test_an_answer_to_head_has_no_body(start: Start, path: str) -> None:
    request = f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer = send(start(1), request.encode())
    assert answer.endswith(b"\r\n\r\n")
    assert b"json" in answer


KEY = "7F2Q-canary-0123456789abcdef"
PATHS = [f"/accounts/password/reset/key/{KEY}", f"/accounts/confirm-email/MQ:{KEY}", f"/invitations/{KEY}"]


def requests_with_key(path: str) -> Iterator[str]:
    """Yield the heads of requests that bring a key in every place from which somebody may log it."""
    once, twice = quote(path, safe=""), quote(quote(path, safe=""), safe="")
    for target in (
        *(path, f"{path}/", f"{path}/more/", f"/{path}/", path.upper(), once, f"/{once}", f"/{once.lower()}/"),
        *(f"/accounts/login/?next={path}", f"/?next={once}%2F", f"/?next={twice}", f"/nothing{path}/?next={path}/"),
    ):
        yield f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1"
    for method in ("POST", "DELETE"):
        yield f"{method} {path}/ HTTP/1.1\r\nHost: 127.0.0.1"
    for sender in (path.removeprefix("/"), f"http://127.0.0.1:8000{path}/", once):
        yield f"GET /nothing/ HTTP/1.1\r\nHost: 127.0.0.1\r\nReferer: {sender}"
    yield f"GET {path}/ HTTP/1.1\r\nHost: elsewhere.example"
    yield f"POST {path}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 6000000"
    yield f"GET {path}/ HTTP/9.9\r\nHost: 127.0.0.1"
    yield f"GET {path}/"
    yield f"GET /nothing/ HTTP/1.1\r\nNo header {path}/: x"
    yield f"GET {path}/{'a' * 4096} HTTP/1.1"


def test_no_key_of_an_address_is_in_anything_the_web_server_writes(tmp_path: Path) -> None:
    """With a file that is no database, the platform fails on most pages: their addresses are in the traces as well."""
    output = tmp_path / "output"
    options = ["--access-logfile", "-", "--log-level", "debug"]
    (tmp_path / "kasilabs.sqlite3").write_text("not a database " * 100)
    broken = f"sqlite:///{tmp_path / 'kasilabs.sqlite3'}"
    with workers(1, options=options, output=output, DATABASE_URL=broken, LOG_LEVEL="DEBUG") as running:
        for path in PATHS:
            for request in requests_with_key(path):
                assert send(running, f"{request}\r\nConnection: close\r\n\r\n".encode()), request
    written = output.read_text()
    for line in ("Internal Server Error: /invitations/…", "Not Found: /nothing/invitations/…", "Invalid request from"):
        assert line in written
    assert '"http://127.0.0.1:8000/accounts/confirm-email/…' in written
    assert "Traceback" in written
    assert [line for line in written.splitlines() if "canary" in line.lower()] == []
