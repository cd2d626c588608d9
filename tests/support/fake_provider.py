"""A provider of payments over HTTP that goes wrong on purpose, and the ledger of what it really did."""

import hashlib
import hmac
import json
import threading
from collections import deque
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from tests.support.waiting import HANGS_AFTER_SECONDS

SECRET = b"shared with the platform"
SIGNATURE = "X-Till-Signature"


class Fault(Enum):
    """What becomes of a transfer that is not simply done and said to be."""

    ACCEPT = auto()  # its end comes later: see `settle` and `refuse`
    REFUSE = auto()
    CUSTOMER_SAYS_NO = auto()
    ERROR_BEFORE = auto()  # a status of 500, and nothing was done
    ERROR_AFTER = auto()
    DROP_BEFORE = auto()  # no answer, and nothing was done
    DROP_AFTER = auto()
    LATE = auto()  # no answer, and it is done when the test calls `arrive`
    HOLD = auto()  # done, and answered when the test calls `release`
    GARBAGE = auto()
    WRONG_AMOUNT = auto()
    WRONG_CURRENCY = auto()


UNDONE = {Fault.REFUSE, Fault.CUSTOMER_SAYS_NO, Fault.ERROR_BEFORE, Fault.DROP_BEFORE, Fault.LATE}
DROPPED = {Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.LATE}
CODES = {Fault.REFUSE: "no_funds", Fault.CUSTOMER_SAYS_NO: "cancelled"}


class FakeProvider:
    """Listens while it is entered. `ledger` has the reference of each movement of money, `queried` of each question.

    Below the path `/deduped` a reference is moved once however often it is sent, elsewhere every time. `faults` are
    those of the next transfers.
    """

    def __init__(self) -> None:
        self.ledger: list[str] = []
        self.transfers: list[dict[str, Any]] = []
        self.queried: list[str] = []
        self.faults: deque[Fault] = deque()
        self._records: dict[str, dict[str, Any]] = {}
        self._in_transit: list[tuple[str, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._held, self._released = threading.Event(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> "FakeProvider":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()

    def wait_until_held(self) -> None:
        assert self._held.wait(HANGS_AFTER_SECONDS)

    def release(self) -> None:
        self._released.set()

    def arrive(self) -> None:
        """Let what was late arrive."""
        while self._in_transit:
            path, asked = self._in_transit.pop()
            if not self._is_repeated(path, asked):
                self._move(asked, "settled")

    def settle(self, reference: str) -> None:
        self._records[reference]["status"] = "settled"

    def refuse(self, reference: str) -> None:
        self._records[reference] |= {"status": "refused", "code": "expired"}

    def webhook(self, reference: str, status: str, *, secret: bytes = SECRET, **members: Any) -> tuple[bytes, Any]:
        """Return body and headers of what the provider sends by itself."""
        said = self._records.get(reference, {"reference": reference})
        body = json.dumps({**said, "status": status, **members}).encode()
        return body, {SIGNATURE: hmac.digest(secret, body, hashlib.sha256).hex()}

    def transfer(self, path: str, asked: dict[str, Any]) -> tuple[Fault | None, dict[str, Any]]:
        """Do what is asked, as the next fault wants it."""
        reference = asked["reference"]
        with self._lock:
            self.transfers.append(asked)
            fault = self.faults.popleft() if self.faults else None
            if not self._is_repeated(path, asked):
                self._carry_out(path, asked, fault)
        if fault == Fault.HOLD:
            self._held.set()
            self._released.wait(HANGS_AFTER_SECONDS)
        return fault, self._records.get(reference, {})

    def _carry_out(self, path: str, asked: dict[str, Any], fault: Fault | None) -> None:
        if fault == Fault.LATE:
            self._in_transit.append((path, asked))
        elif fault in CODES:
            self._records[asked["reference"]] = {**asked, "status": "refused", "code": CODES[fault]}
        elif fault not in UNDONE:
            self._move(asked, "pending" if fault == Fault.ACCEPT else "settled", fault)

    def _is_repeated(self, path: str, asked: dict[str, Any]) -> bool:
        return path.startswith("/deduped") and asked["reference"] in self._records

    def _move(self, asked: dict[str, Any], status: str, fault: Fault | None = None) -> None:
        self.ledger.append(asked["reference"])
        record = {**asked, "status": status, "receipt": f"T{len(self.ledger)}"}
        record["amountMinor"] += fault == Fault.WRONG_AMOUNT
        record["currency"] = "UGX" if fault == Fault.WRONG_CURRENCY else record["currency"]
        self._records[asked["reference"]] = record

    def query(self, reference: str) -> dict[str, Any]:
        with self._lock:
            self.queried.append(reference)
            return self._records.get(reference, {"status": "not_found"})


def _handler(provider: FakeProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.endswith("/query"):
                self._answer(200, provider.query(asked["reference"]))
                return
            fault, said = provider.transfer(self.path, asked)
            if fault in DROPPED:
                self.close_connection = True
            elif fault in (Fault.ERROR_BEFORE, Fault.ERROR_AFTER):
                self._answer(500, {})
            else:
                self._answer(200, ["not", "an", "object"] if fault == Fault.GARBAGE else said)

        def _answer(self, status: int, said: Any) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

    return Handler
