"""Which IP addresses the platform refuses to connect to, and looking up the addresses of names."""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from kasilabs.lib.bounded_dict import BoundedDict

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
    """Says whether an address, as a look-up gives it, is anything but a global unicast one."""
    address = ipaddress.ip_address(text)
    if address.version == 6 and address not in GLOBAL_UNICAST:
        return True
    return not address.is_global or address.is_multicast or any(address in network for network in REFUSED)


def is_literal(host: str) -> bool:
    """Says whether a host without brackets is an IP address in its usual spelling."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def ask_system(host: str) -> list[str]:
    """Looks a name up as this machine is configured to."""
    entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in entries))


@dataclass(frozen=True)
class _Lookup:
    future: "Future[tuple[str, ...]]" = field(default_factory=Future)
    started: float = field(default_factory=time.monotonic)


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
        self._free_threads = threading.BoundedSemaphore(threads)
        self._lock = threading.Lock()
        self._lookups: BoundedDict[str, _Lookup] = BoundedDict(size)

    def __len__(self) -> int:
        return len(self._lookups)

    def addresses(self, host: str, until: float) -> tuple[str, ...]:
        """Returns all addresses of a host. Raises TimeoutError at `until` (monotonic), OSError when there is none."""
        if is_literal(host):
            return (host,)
        with self._lock:
            lookup = self._lookups.get(host)
            if lookup is None or lookup.started + self._keep < time.monotonic():
                lookup = self._start(host)
        return lookup.future.result(max(0.0, until - time.monotonic()))

    def _start(self, host: str) -> _Lookup:
        if not self._free_threads.acquire(blocking=False):
            raise OSError("too many look-ups are under way")
        lookup = self._lookups[host] = _Lookup()
        threading.Thread(target=self._run, args=(host, lookup), name=f"lookup-{host}", daemon=True).start()
        return lookup

    def _run(self, host: str, lookup: _Lookup) -> None:
        try:
            addresses = tuple(self._resolve(host))
            if not addresses:
                raise OSError("the look-up found nothing")
        except OSError as error:
            with self._lock:
                if self._lookups.get(host) is lookup:
                    del self._lookups[host]
            lookup.future.set_exception(OSError(f"{host} has no address: {error}"))
        else:
            lookup.future.set_result(addresses)
        finally:
            self._free_threads.release()
