"""Answers that are too large, encoded, cut off, or not HTTP."""

import socket
import threading

import pytest

from tests.support.fake_plugin_server import FakePluginServer, Visit, answers, answers_once, message
from tests.support.outgoing import client, post, reason

_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunks(*bodies: bytes) -> bytes:
    return _CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(body), body) for body in (*bodies, b""))


def test_body_of_exactly_the_limit_is_read() -> None:
    with FakePluginServer(answers(message(b"x" * 65536), chunks(b"y" * 65536))) as server, client() as http:
        assert [len(post(http, server.url()).body) for _ in range(2)] == [65536, 65536]
    assert server.accepted == 1


@pytest.mark.parametrize("data", [message(b"x" * 65537), chunks(b"x" * 60_000, b"x" * 5537)], ids=["length", "chunks"])
def test_body_one_byte_over_the_limit_is_too_large(data: bytes) -> None:
    with FakePluginServer(answers(data, message())) as server, client() as http:
        assert reason(http, server.url()) == ("too_large", True)
        assert post(http, server.url(), limit=65537).status == 200
    assert server.accepted == 2


@pytest.mark.parametrize("head", [_CHUNKED + b"2DC6C0\r\n", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["chunk", "no length"])
def test_three_megabytes_are_not_read_to_the_end(head: bytes) -> None:
    sent: list[int] = []

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        visit.send(head)
        for _ in range(3000):
            visit.send(b"x" * 1000)
            sent.append(1000)

    with FakePluginServer(behave) as server, client() as http:
        assert reason(http, server.url()) == ("too_large", True)
    assert sum(sent) < 3_000_000


def test_declared_length_over_the_limit_is_refused_before_a_byte_of_it() -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n")
        visit.stall()

    with FakePluginServer(behave) as server, client() as http:
        assert reason(http, server.url()) == ("too_large", True)


def test_endless_headers_are_too_large() -> None:
    fields = [f"X-{number}: {'x' * 60_000}" for number in range(90)]
    with FakePluginServer(answers(message(b"{}", *fields))) as server, client() as http:
        assert reason(http, server.url()) == ("too_large", True)


def test_negative_chunk_does_not_read_without_end() -> None:
    with FakePluginServer(answers_once(_CHUNKED + b"-1\r\n" + b"x" * 3_000_000)) as server, client() as http:
        assert reason(http, server.url()) == ("too_large", True)


@pytest.mark.parametrize(
    "field",
    [
        "Content-Encoding: gzip",
        "Content-Encoding: br",
        "Content-Encoding: identity, GZIP",
        "Content-Encoding: x",
        "Transfer-Encoding: gzip, chunked",
    ],
)
def test_encoded_body_is_refused(field: str) -> None:
    with FakePluginServer(answers(message(b"\x1f\x8b", field))) as server, client(connections=1) as http:
        assert [reason(http, server.url()) for _ in range(2)] == [("encoding", True)] * 2


@pytest.mark.parametrize("field", ["Content-Encoding: identity", "Content-Encoding:", "content-encoding: IDENTITY"])
def test_identity_encoding_may_be_named(field: str) -> None:
    with FakePluginServer(answers(message(b"{}", field))) as server, client() as http:
        assert post(http, server.url()).body == b"{}"


def test_chunked_body_with_extensions_and_trailers_is_put_together() -> None:
    data = _CHUNKED + b'3;a=b\r\n{"a\r\n4\r\n":1}\r\n0\r\nX-Trailer: 1\r\n\r\n'
    with FakePluginServer(answers(data, message(b"next"))) as server, client() as http:
        assert [post(http, server.url()).body for _ in range(2)] == [b'{"a":1}', b"next"]
    assert server.accepted == 1


@pytest.mark.parametrize("status", ["204 No Content", "200 OK", "503 Unavailable"])
def test_empty_answer_leaves_the_connection_usable(status: str) -> None:
    with FakePluginServer(answers(message(b"", status=status))) as server, client() as http:
        assert [(post(http, server.url()).status, b"") for _ in range(2)] == [(int(status[:3]), b"")] * 2
    assert server.accepted == 1


@pytest.mark.parametrize("informational", ["100 Continue", "102 Processing", "103 Early Hints"])
def test_informational_answer_before_the_real_one_is_skipped(informational: str) -> None:
    data = f"HTTP/1.1 {informational}\r\nX-Hint: 1\r\n\r\n".encode() * 2 + message(b"real")
    with FakePluginServer(answers(data)) as server, client() as http:
        assert [post(http, server.url()).body for _ in range(2)] == [b"real", b"real"]
    assert server.accepted == 1


BROKEN = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "garbage": b"\x00\xff\x13garbage\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2": b"HTTP/2 200\r\n\r\n{}",
    "a number that is none": b"HTTP/1.1 2x0 OK\r\n\r\n",
    "a number out of range": b"HTTP/1.1 99 OK\r\n\r\n",
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    "headers cut off in a line": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\nX-Cut: ",
    "a body cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12345",
    "no body where one is declared": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}",
    "a chunk cut off": _CHUNKED + b"9\r\n12345",
    "chunks without an end": _CHUNKED + b"2\r\n{}\r\n",
    "a chunk size that is none": _CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "a negative chunk size": _CHUNKED + b"-5\r\n{}\r\n0\r\n\r\n",
    "a line without end": b"HTTP/1.1 200 " + b"O" * 70_000,
    "more headers than anybody needs": b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 300 + b"Content-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_answer_that_is_not_http_is_broken(data: bytes) -> None:
    with FakePluginServer(answers_once(data)) as server, client() as http:
        assert reason(http, server.url()) == ("broken", True)


def test_reset_instead_of_an_answer_is_broken() -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.reset()

    with FakePluginServer(behave) as server, client() as http:
        assert reason(http, server.url()) == ("broken", True)


def test_answer_before_the_whole_request_was_read_counts() -> None:
    def behave(visit: Visit) -> None:
        visit.sock.recv(1000)
        visit.send(message(b"too long", "Connection: close", status="413 Too Large"))

    with FakePluginServer(behave) as server, client() as http:
        answer = post(http, server.url(), body=b"x" * 1000)
    assert (answer.status, answer.body) == (413, b"too long")


def test_bytes_after_the_answer_never_become_the_next_one() -> None:
    forged = message(b"forged")
    with FakePluginServer(answers(message(b"first") + forged, message(b"second"))) as server, client() as http:
        assert post(http, server.url()).body == b"first"
        assert post(http, server.url()).body == b"first"
    assert server.accepted == 2


def test_bytes_that_arrive_after_the_answer_never_become_the_next_one() -> None:
    has_first, has_forged = threading.Event(), threading.Event()

    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.send(message(b"first"))
        has_first.wait()
        visit.send(message(b"forged"))
        has_forged.set()
        visit.stall()

    with FakePluginServer(behave) as server, client() as http:
        assert post(http, server.url()).body == b"first"
        has_first.set()
        has_forged.wait()
        assert post(http, server.url()).body == b"first"
    assert server.accepted == 2


def test_failures_give_their_connections_back() -> None:
    with FakePluginServer(answers_once(b"garbage\r\n\r\n")) as server, client(connections=1) as http:
        assert {reason(http, server.url()) for _ in range(20)} == {("broken", True)}
    assert server.accepted == 20
