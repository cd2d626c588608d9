"""Bridges: many rounds of many requests with one key, and what one costs beside a bare view with one INSERT.

BENCHMARK_ROUNDS rounds, 1,000 unless it says otherwise, of 100 requests at once that all ask for the same payment.
"""

import json
import os
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from statistics import median
from time import perf_counter

from bridges.models import BridgeCall
from kasilabs.toolkits.orders.models import Order
from kasilabs.toolkits.payments.models import Payment
from tests.benchmarks import environment, processes, servers
from tests.benchmarks.results import Result, least, most
from tests.benchmarks.servers import Server
from tests.support import bridges
from tests.support.bridges import ASKED, ORDERED, BridgePlugin

AT_ONCE = 100
ROUNDS = int(os.environ.get("BENCHMARK_ROUNDS", "1000"))
TURNS, REQUESTS, CONNECTIONS = 5, 400, 16
TARGETS = (most("duplicate_effects", 0), most("lost_effects", 0), least("of_bare_insert", 0.5))

Sent = tuple[str, bytes, dict[str, str]]
"""Path, body and headers of a POST."""

_open = threading.local()


def measure() -> Result:
    result, gas = Result(TARGETS), bridges.build()
    with servers.platform() as platform, servers.bare() as bare:
        _storms(result, gas, platform)
        _compare(result, gas, platform, bare)
    return result


def _storms(result: Result, gas: BridgePlugin, platform: Server) -> None:
    """Ask for one payment a round with everybody at once, and count the payments afterwards."""
    body, statuses = gas.body(**ASKED), Counter[int]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _round in range(ROUNDS):
            key = secrets.token_hex(16)
            sent = [_signed(gas, "payments", body, key) for _each in range(AT_ONCE)]
            statuses.update(pool.map(lambda each: _post(platform.port, each), sent))
    for status, number in sorted(statuses.items()):
        result.add(f"answers_{status}", number)
    result.add_errors({f"status {status}": statuses[status] for status in statuses if status not in {200, 409}})
    payments, calls = Payment.objects.count(), BridgeCall.objects.count()
    result.add("duplicate_effects", max(0, payments - ROUNDS))
    result.add("lost_effects", max(0, ROUNDS - min(payments, calls)))


def _compare(result: Result, gas: BridgePlugin, platform: Server, bare: Server) -> None:
    """Place orders, each with a key of its own, in turns with a bare view that inserts one row."""
    body, rates = gas.body(**ORDERED), []
    for _turn in range(TURNS):
        orders = [_signed(gas, "orders", body, secrets.token_hex(16)) for _each in range(REQUESTS)]
        rows: list[Sent] = [("/insert", json.dumps(body).encode(), {"Content-Type": "application/json"})] * REQUESTS
        bridge, insert = (_load(server, sent) for server, sent in ((platform, orders), (bare, rows)))
        rates.append((*bridge, *insert))
    for figure, values in zip(
        ("bridges_per_second", "cpu_ms_per_bridge", "inserts_per_second", "cpu_ms_per_insert"),
        zip(*rates, strict=True),
        strict=True,
    ):
        result.add(figure, median(values))
    result.add("of_bare_insert", median(bridge / insert for bridge, _cpu, insert, _own in rates))
    result.add("orders_missing", TURNS * REQUESTS - Order.objects.count())


def _signed(gas: BridgePlugin, path: str, body: object, key: str) -> Sent:
    path, raw = f"/bridges/v1/{path}", json.dumps(body).encode()
    token = gas.signer.token("POST", path, raw, key=key)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Content-Type": "application/json"}
    return path, raw, headers


def _load(server: Server, sent: Sequence[Sent]) -> tuple[float, float]:
    """Return answers a second, and the CPU milliseconds of workers and database for each."""
    pids = (server.pid, environment.database_pid())
    used, post = _cpu(pids), _poster(server.port)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        started = perf_counter()
        statuses = set(pool.map(post, sent))
        seconds = perf_counter() - started
    if statuses != {200}:
        raise ValueError(f"answers of {sent[0][0]} were {statuses}")
    return len(sent) / seconds, (_cpu(pids) - used) * 1000 / len(sent)


def _cpu(pids: Sequence[int]) -> float:
    return sum(processes.cpu_seconds(pid) for pid in pids)


def _poster(port: int) -> Callable[[Sent], int]:
    return lambda sent: _post(port, sent)


def _post(port: int, sent: Sent) -> int:
    """Post over the connection this thread keeps to a port."""
    kept: dict[int, HTTPConnection] = _open.__dict__.setdefault("by_port", {})
    connection = kept.setdefault(port, HTTPConnection("127.0.0.1", port, timeout=60))
    path, raw, headers = sent
    try:
        connection.request("POST", path, raw, headers)
        answer = connection.getresponse()
        answer.read()
    except OSError:
        connection.close()
        raise
    return answer.status
