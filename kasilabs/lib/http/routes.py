"""Which addresses a connection may go to."""

from collections.abc import Callable

from kasilabs.lib.http.addresses import Lookups, is_refused
from kasilabs.lib.http.attempt import Attempt, Reason
from kasilabs.lib.http.hosts import AllowedHosts, Peer

_LOOKUP_SECONDS = 2.0

Route = Callable[[str, int, Attempt], list[Peer]]
"""From host and port to the addresses that may be connected to; raises SendFailed."""


def look_up(lookups: Lookups, host: str, port: int, attempt: Attempt) -> list[Peer]:
    """Returns every address of a host."""
    with attempt.phase("lookup", _LOOKUP_SECONDS) as until:
        return [(address, port) for address in lookups.addresses(host, until)]


def public_route(lookups: Lookups, host: str, port: int, attempt: Attempt) -> list[Peer]:
    """Returns the addresses of a host on the public internet; one refused address among them refuses the host."""
    peers = look_up(lookups, host, port, attempt)
    if any(is_refused(address) for address, _ in peers):
        raise attempt.failed(Reason.BLOCKED_ADDRESS)
    return peers


def allowed_route(allowed: AllowedHosts, lookups: Lookups, host: str, port: int, attempt: Attempt) -> list[Peer]:
    """Returns the address an operator mapped the host to, else all of its addresses, unchecked."""
    peer = allowed.peer(host, port)
    return [peer] if peer else look_up(lookups, host, port, attempt)
