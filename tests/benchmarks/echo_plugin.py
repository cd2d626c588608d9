"""A plugin that answers at once: its own process, HTTP/1.1 with keep-alive, the text of the input in its answer.

``GET /accepted`` tells how many connections it has accepted from others than the one who asks.
"""

import asyncio
import json
import sys


class Counter:
    """How many connections were accepted."""

    def __init__(self) -> None:
        self.accepted = 0


class Echo(asyncio.Protocol):
    """One connection; whoever asks waits for the answer before asking again."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._counter.accepted += 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and len(body) >= content_length(head):
            self._received = b""
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET"):
            self._counter.accepted -= 1
            answer = {"accepted": self._counter.accepted}
        else:
            answer = {"text": json.loads(body)["input"]["text"]}
        raw = json.dumps(answer).encode()
        line = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(raw)
        self._transport.write(line + raw)


def content_length(head: bytes) -> int:
    """Return the length of the body that a head announces; without one there is no body."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


async def serve(port: int) -> None:
    counter = Counter()
    server = await asyncio.get_running_loop().create_server(lambda: Echo(counter), "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
