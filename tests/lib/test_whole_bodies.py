import io
from collections.abc import Callable
from typing import Any
from wsgiref.types import WSGIEnvironment

from kasilabs.lib import turns
from kasilabs.lib.turns import Turns
from kasilabs.lib.whole_bodies import with_whole_body

MOST = 10


class Client(io.RawIOBase):
    """What a client sends, and what was so when it was read."""

    def __init__(self, body: bytes, look: Callable[[], Any]) -> None:
        super().__init__()
        self._body, self._look = io.BytesIO(body), look
        self.seen: list[Any] = []

    def read(self, size: int = -1) -> bytes:
        self.seen.append(self._look())
        return self._body.read(size)


def starts_nothing(*_head: object) -> Callable[[bytes], object]:
    raise NotImplementedError


def send(client: Client, one: Turns, *, length: str) -> bytes:
    """Send a request through both wrappers, as the WSGI entry has them; return the body the application reads."""
    read: list[bytes] = []

    def application(environ: WSGIEnvironment, _start_response: object) -> list[bytes]:
        read.append(environ["wsgi.input"].read(int(length or 0)))
        return []

    in_turn = turns.in_turn(application, one, without=())
    environ = {"CONTENT_LENGTH": length, "wsgi.input": client}
    list(with_whole_body(in_turn, most=lambda _path: MOST)(environ, starts_nothing))
    return read[0]


def test_a_body_is_waited_for_without_a_turn() -> None:
    one = Turns(1)
    client = Client(b"0123456789", lambda: one._free)
    assert send(client, one, length="10") == b"0123456789"
    assert client.seen == [1]


def test_a_body_that_is_too_long_is_not_read() -> None:
    one = Turns(1)
    client = Client(b"0123456789a", lambda: one._free)
    assert send(client, one, length="11") == b"0123456789a"
    assert client.seen == [0], "only the application has read it"


def test_a_body_that_ends_early_is_what_has_come() -> None:
    one = Turns(1)
    assert send(Client(b"012", lambda: None), one, length="10") == b"012"


def test_a_request_without_a_body_is_not_waited_for() -> None:
    one = Turns(1)
    for length in ("", "0"):
        client = Client(b"", lambda: one._free)
        assert send(client, one, length=length) == b""
        assert client.seen == [0], "only the application has read it"
