"""The client of a benchmark: a process of its own that keeps some connections busy and times every answer.

``run_load`` starts it; as a program it reads a Load as JSON and prints a LoadResult.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count

from tests.benchmarks.echo_plugin import content_length

MARK = "########"
"""Stands for the number of the request, which has as many digits, and which the answer has to contain."""

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.005
"""Between two connections: of a burst, whichever worker wakes first takes all, and the other one idles."""


@dataclass(frozen=True)
class Load:
    """What to ask for, over how many connections at once, for how long, how often at most."""

    port: int
    path: str
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    connections: int = 1
    seconds: float = 5
    most: int = 10**7
    status: int = 200
    keep_alive: bool = True

    @property
    def message(self) -> str:
        method = "POST" if self.body else "GET"
        own = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(self.body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**own, **self.headers}.items())
        return f"{method} {self.path} HTTP/1.1\r\n{lines}\r\n{self.body}"


@dataclass(frozen=True)
class LoadResult:
    """How it went. Times are milliseconds; `errors` counts answers that were not what was asked for."""

    answers: int
    errors: dict[str, int]
    per_second: float
    p50: float
    p95: float
    worst: float


def run_load(load: Load) -> LoadResult:
    """Ask from another process."""
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    done = subprocess.run(command, input=json.dumps(asdict(load)).encode(), stdout=subprocess.PIPE, check=True)
    return LoadResult(**json.loads(done.stdout))


class _Connection:
    """One connection with one request at a time."""

    def __init__(self, load: Load, selector: selectors.BaseSelector) -> None:
        self._load, self._selector, self._message = load, selector, load.message
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._load.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(self._socket, selectors.EVENT_READ, self)

    def close(self) -> None:
        self._selector.unregister(self._socket)
        self._socket.close()

    def ask(self, number: int) -> None:
        self._number, self._received = f"{number:0{len(MARK)}}", b""
        self._asked_at = time.perf_counter()
        self._socket.sendall(self._message.replace(MARK, self._number).encode())

    def receive(self) -> tuple[float, str] | None:
        """Return milliseconds and what was wrong once the answer is whole; without an answer the time is negative."""
        data = self._socket.recv(262144)
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if data and not (found and len(body) >= content_length(head)):
            return None
        took = (time.perf_counter() - self._asked_at) * 1000
        wrong = self._wrong(head, body) if data else "closed"
        if wrong == "closed" or not self._load.keep_alive:
            self.close()
            self._connect()
        return took, wrong

    def _wrong(self, head: bytes, body: bytes) -> str:
        if int(head[9:12]) != self._load.status:
            return f"status {int(head[9:12])}"
        has_number = MARK not in self._load.body or self._number.encode() in body
        return "" if has_number else "another answer"


def keep_busy(load: Load) -> LoadResult:
    """Keep every connection busy until the time is over, then wait for the last answers."""
    selector = selectors.DefaultSelector()
    connections = list(_connect(load, selector))
    started = time.perf_counter()
    answers = list(_answers(connections, selector, load))
    seconds = time.perf_counter() - started
    errors = dict(Counter(wrong for _, wrong in answers if wrong))
    times = sorted(took for took, wrong in answers if not wrong) or [0.0]
    p50, p95 = times[len(times) // 2], times[len(times) * 95 // 100]
    return LoadResult(len(times), errors, len(times) / seconds, p50, p95, times[-1])


def _connect(load: Load, selector: selectors.BaseSelector) -> Iterator[_Connection]:
    for _ in range(load.connections):
        yield _Connection(load, selector)
        time.sleep(PAUSE_SECONDS)


def _answers(
    connections: list[_Connection], selector: selectors.BaseSelector, load: Load
) -> Iterator[tuple[float, str]]:
    until, numbers = time.perf_counter() + load.seconds, count(1)
    for connection in connections:
        connection.ask(next(numbers))
    busy = len(connections)
    while busy:
        ready = selector.select(PATIENCE_SECONDS)
        if not ready:
            yield from [(0.0, "no answer")] * busy
            return
        for key, _ in ready:
            answer = key.data.receive()
            if answer is None:
                continue
            yield answer
            number = next(numbers)
            if number <= load.most and time.perf_counter() < until:
                key.data.ask(number)
            else:
                key.data.close()
                busy -= 1


if __name__ == "__main__":
    print(json.dumps(asdict(keep_busy(Load(**json.load(sys.stdin))))))
