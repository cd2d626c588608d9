"""Every way of being slow ends at the deadline.

Where a request has to arrive first, the clock stands still until it has: a slow machine must not use up the deadline
before. That the client ended in time shows on the server, which has not come to its end.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.clock import Clock
from tests.support.fake_plugin_server import (
    Behaviour,
    FakePluginServer,
    Visit,
    answers,
    drips,
    make_certificate,
    message,
    reads_and_is_silent,
)
from tests.support.outgoing import client, failure, post, reason

DEADLINE = 0.2
EARLY = 0.01
"""A wait may end this much before the time it was given."""

_HEAD = b"HTTP/1.1 200 OK\r\n"


def stalls_after_the_start(visit: Visit) -> None:
    visit.read_request()
    visit.send(_HEAD + b"Content-Length: 9\r\n\r\n123")
    visit.stall()


def at_the_first_byte(act: Callable[[], None], behaviour: Behaviour) -> Behaviour:
    """Act once something has arrived, before it is read, and go on with a behaviour."""

    def behave(visit: Visit) -> None:
        visit.sock.recv(1, socket.MSG_PEEK)
        act()
        behaviour(visit)

    return behave


SLOW: dict[str, Behaviour] = {
    "silence": reads_and_is_silent,
    "status line dripped": drips(b"", b"HTTP/1.1 200 " + b"O" * 9000),
    "headers dripped": drips(_HEAD, b"X-Drip: 1\r\n" * 900),
    "header lines, one at a time": drips(_HEAD, b"X-Drip: 1\r\n" * 900, size=11),
    "informational answers": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 900, size=25),
    "early hints": drips(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 900, size=40),
    "body dripped": drips(_HEAD + b"Content-Length: 9000\r\n\r\n", b"x" * 9000),
    "body without length dripped": drips(_HEAD + b"\r\n", b"x" * 9000),
    "chunks dripped": drips(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n" * 900, size=6),
    "trailers dripped": drips(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: 1\r\n" * 900, size=6),
    "body that stops": stalls_after_the_start,
}


@pytest.mark.parametrize("behaviour", SLOW.values(), ids=SLOW.keys())
def test_slow_answer_ends_at_the_deadline(behaviour: Behaviour, clock: Clock) -> None:
    with FakePluginServer(at_the_first_byte(clock.start, behaviour)) as server, client() as http:
        started = time.perf_counter()
        assert reason(http, server.url(), seconds=DEADLINE) == ("timeout", True)
        assert (time.perf_counter() - started >= DEADLINE - EARLY, server.finished) == (True, 0)


def test_slow_answer_over_tls_ends_at_the_deadline(tmp_path: Path, clock: Clock) -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        clock.start()
        visit.drip(_HEAD + b"X-Drip: 1\r\n" * 900)

    tls, ca_file = make_certificate(tmp_path, "127.0.0.1")
    with FakePluginServer(behave, tls=tls) as server, client(ca_file=str(ca_file)) as http:
        started = time.perf_counter()
        assert reason(http, server.url(), seconds=DEADLINE) == ("timeout", True)
        assert (time.perf_counter() - started >= DEADLINE - EARLY, server.finished) == (True, 0)


def test_flood_of_informational_answers_ends_before_the_deadline() -> None:
    with FakePluginServer(drips(b"HTTP/1.1 100 Continue\r\n\r\n" * 40_000, b"")) as server, client() as http:
        assert reason(http, server.url()) == ("too_large", True)


@pytest.mark.parametrize("body", [b"x" * 20_000_000, b"{}"], ids=["large", "small"])
def test_server_that_never_reads_ends_at_the_deadline(body: bytes, clock: Clock) -> None:
    with FakePluginServer(at_the_first_byte(clock.start, Visit.stall)) as server, client() as http:
        assert reason(http, server.url(), seconds=DEADLINE, body=body) == ("timeout", True)
        assert server.finished == 0


def stalls_the_handshake(visit: Visit) -> None:
    visit.sock.recv(100)
    visit.stall()


def drips_the_handshake(visit: Visit) -> None:
    visit.sock.recv(100)
    visit.drip(b"\x16\x03\x03\x40\x00" + b"\x02\x00\x3f\xfc" + b"\x00" * 5000)


@pytest.mark.parametrize("behaviour", [stalls_the_handshake, drips_the_handshake])
def test_slow_handshake_ends_at_the_deadline(behaviour: Behaviour) -> None:
    with FakePluginServer(behaviour) as server, client(connect_seconds=60) as http:
        started = time.perf_counter()
        assert reason(http, f"https://127.0.0.1:{server.port}/", seconds=DEADLINE) == ("timeout", False)
        assert (time.perf_counter() - started >= DEADLINE - EARLY, server.finished) == (True, 0)


def test_slow_handshake_has_its_own_limit() -> None:
    with FakePluginServer(stalls_the_handshake) as server, client(connect_seconds=DEADLINE) as http:
        failed = failure(http, f"https://127.0.0.1:{server.port}/")
    assert (failed.reason, failed.sent) == ("unreachable", False)
    assert failed.timings.connect >= 1000 * (DEADLINE - EARLY)


def test_slow_lookup_ends_at_the_deadline() -> None:
    found = threading.Event()

    def resolve(host: str) -> Sequence[str]:
        found.wait()
        return ["127.0.0.1"]

    with FakePluginServer(answers(message())) as server, client("slow.test", resolve=resolve) as http:
        started = time.perf_counter()
        failed = failure(http, server.url("slow.test"), seconds=DEADLINE)
        assert (failed.reason, failed.sent) == ("timeout", False)
        assert time.perf_counter() - started >= DEADLINE - EARLY
        found.set()
        assert post(http, server.url("slow.test")).status == 200


def test_lookup_has_its_own_limit_of_two_seconds() -> None:
    found = threading.Event()

    def resolve(host: str) -> Sequence[str]:
        found.wait()
        return []

    with client("slow.test", resolve=resolve) as http:
        failed = failure(http, "http://slow.test/")
        found.set()
    assert (failed.reason, failed.sent) == ("unreachable", False)
    assert failed.timings.lookup >= 1000 * (2 - EARLY)


def test_waiting_for_a_free_connection_counts() -> None:
    with FakePluginServer(reads_and_is_silent) as server, client(connections=1) as http:
        busy = threading.Thread(target=reason, args=(http, server.url()))
        busy.start()
        server.wait_for_requests(1)
        assert reason(http, server.url(), seconds=DEADLINE) == ("timeout", False)
        server.stop()
        busy.join()
    assert server.accepted == 1


def test_deadline_of_one_request_does_not_bind_the_next(clock: Clock) -> None:
    def behave(visit: Visit) -> None:
        for _ in range(2):
            visit.read_request()
            visit.send(message())
        visit.read_request()
        clock.start()
        visit.stall()

    with FakePluginServer(behave) as server, client() as http:
        post(http, server.url(), seconds=1)
        clock.advance(2)
        assert post(http, server.url(), seconds=30).reused
        assert reason(http, server.url(), seconds=DEADLINE) == ("timeout", True)


def test_connection_that_timed_out_is_not_used_again(clock: Clock) -> None:
    has_timed_out = threading.Event()

    def behave(visit: Visit) -> None:
        visit.read_request()
        clock.start()
        has_timed_out.wait()
        visit.send(message(b"late"))
        visit.stall()

    with FakePluginServer(behave) as server, client() as http:
        assert reason(http, server.url(), seconds=DEADLINE) == ("timeout", True)
        has_timed_out.set()
        assert post(http, server.url()).body == b"late"
    assert server.accepted == 2


def test_deadline_in_the_past_sends_nothing() -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        assert reason(http, server.url(), seconds=-1) == ("timeout", False)
    assert server.accepted == 0
