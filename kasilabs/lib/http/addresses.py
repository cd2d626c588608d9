"""Which IP addresses the platform refuses to connect to, and the look-up of names."""

import ipaddress
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

Resolve = Callable[[str], Sequence[str]]
"""A blocking look-up: all IP addresses of a name as text; raises OSError when there is none."""

GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All IPv6 space handed out for global unicast (RFC 4291). What lies outside is refused: ``::/96``, IPv4-mapped
``::ffff:0:0/96``, SIIT ``::ffff:0:0:0/96``, NAT64 ``64:ff9b::/96`` and ``64:ff9b:1::/48``, discard ``100::/64``, SRv6
``5f00::/16``, unique local ``fc00::/7``, link-local ``fe80::/10``, site-local ``fec0::/10``, multicast ``ff00::/8``."""

REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        # IANA IPv4 special-purpose registry, and multicast.
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",  # Azure's host agent: a public number that never leaves the host
        # Inside 2000::/3.
        "2001::/23",  # IETF protocols: Teredo, benchmarks, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)


def is_refused(text: str) -> bool:
    """Say whether an address, as a look-up gives it, is anything but a global unicast one."""
    address = ipaddress.ip_address(text)
    if address.version == 6 and address not in GLOBAL_UNICAST:
        return True
    return not address.is_global or address.is_multicast or any(address in network for network in REFUSED)


def is_literal(host: str) -> bool:
    """Say whether a host without brackets is an IP address in its usual spelling."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def ask_system(host: str) -> list[str]:
    """Look a name up as this machine is configured to."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class _Answer:
    future: "Future[tuple[str, ...]]" = field(default_factory=Future)
    asked_at: float = field(default_factory=time.monotonic)


class Lookups:
    """Look-ups with a time limit, which the system's resolver lacks.

    Each runs in a daemon thread, at most `threads` at once; callers that want the same name share one, and a good
    answer is kept for `keep` seconds. One that ends after its callers gave up still serves the next caller.
    """

    def __init__(
        self, resolve: Resolve = ask_system, *, keep: float = 30.0, size: int = 1024, threads: int = 16
    ) -> None:
        self._resolve = resolve
        self._keep = keep
        self._size = size
        self._free = threading.BoundedSemaphore(threads)
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, _Answer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._answers)

    def addresses(self, host: str, until: float) -> tuple[str, ...]:
        """Return all addresses of a host. Raises TimeoutError at `until` (monotonic), OSError when there is none."""
        if is_literal(host):
            return (host,)
        future = self._ask(host).future
        return future.result(max(0.0, until - time.monotonic()))

    def _ask(self, host: str) -> _Answer:
        with self._lock:
            answer = self._answers.get(host)
            if answer is None or answer.asked_at + self._keep < time.monotonic():
                answer = self._start(host)
        return answer

    def _start(self, host: str) -> _Answer:
        if not self._free.acquire(blocking=False):
            raise OSError("too many look-ups are under way")
        answer = self._answers[host] = _Answer()
        self._answers.move_to_end(host)
        if len(self._answers) > self._size:
            self._answers.popitem(last=False)
        threading.Thread(target=self._run, args=(host, answer), name=f"lookup-{host}", daemon=True).start()
        return answer

    def _run(self, host: str, answer: _Answer) -> None:
        try:
            found = self._found(host)
        except OSError as error:
            self._forget(host, answer)
            answer.future.set_exception(OSError(f"{host} has no address: {error}"))
        else:
            answer.future.set_result(found)
        finally:
            self._free.release()

    def _found(self, host: str) -> tuple[str, ...]:
        found = tuple(self._resolve(host))
        if not found:
            raise OSError("the look-up found nothing")
        return found

    def _forget(self, host: str, answer: _Answer) -> None:
        with self._lock:
            if self._answers.get(host) is answer:
                del self._answers[host]
