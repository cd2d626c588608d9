"""Host names in one spelling, the URLs requests go to, and the hosts an operator allows to be private."""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache

import idna

_URL = re.compile(
    r"(?i:(?P<scheme>https?)://)(?P<host>\[[^\]]*\]|[^\s/?#\[\]@:%\\]+)(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>(?:[/?][!\"$-~]*)?)"
)
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^\s:=\[\]]+)(?::(?P<port>[0-9]{1,5}))?(?:=(?P<peer>\S+))?")
_PEER = re.compile(r"(?P<address>\[[^\]]*\]|[0-9.]+):(?P<port>[0-9]{1,5})")

Peer = tuple[str, int]
"""The IP address and port a socket connects to."""


def canonical(host: str) -> str:
    """Returns the one spelling of a DNS name (lower case, A-labels, no final dot) or an IP literal (no brackets).

    Raises ValueError. Numbers in other spellings (``127.1``, ``0x7f000001``) stay what they are: the look-up turns
    them into addresses, which are then checked like any other.
    """
    if host.startswith("["):
        return _ipv6(host[1:-1])
    name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{host!r} is not a host name")
    return name


def _ipv6(text: str) -> str:
    if "%" in text:
        raise ValueError(f"{text!r} carries a zone")
    return str(ipaddress.IPv6Address(text))


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(f"{text} is not a port")
    return port


@dataclass(frozen=True)
class Target:
    """Where a request goes. `path` is what stands behind the authority, to the letter."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    @lru_cache(maxsize=1024)
    def parse(cls, url: str) -> "Target":
        """Reads an http or https URL without user info and fragment. Raises ValueError for everything else."""
        match = _URL.fullmatch(url)
        if not match:
            raise ValueError("not a plain http or https URL")
        scheme = match["scheme"].lower()
        port = _port(match["port"]) if match["port"] else {"http": 80, "https": 443}[scheme]
        path = match["path"] if match["path"].startswith("/") else f"/{match['path']}"
        return cls(scheme, canonical(match["host"]), port, path)


@dataclass(frozen=True)
class AllowedHosts:
    """The setting PLUGIN_HOSTS_ALLOWED: hosts that may be private, loopback or plain http, for one port or all.

    An entry may name the address that is connected to instead of a look-up; Host header and certificate keep the name.
    """

    entries: dict[tuple[str, int | None], Peer | None]

    @classmethod
    def parse(cls, text: str) -> "AllowedHosts":
        """Reads ``name``, ``name:port`` and ``name[:port]=address:port``, comma-separated. Raises ValueError."""
        entries: dict[tuple[str, int | None], Peer | None] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            try:
                name, port, peer = _entry(entry)
            except ValueError as error:
                raise ValueError(f'"{entry}" is not name, name:port or name[:port]=address:port: {error}') from error
            entries[name, port] = peer
        return cls(entries)

    def permits(self, host: str, port: int) -> bool:
        """Says whether this host, in any spelling a URL may have, may be private, loopback or plain http."""
        return self._key(host, port) is not None

    def peer(self, host: str, port: int) -> Peer | None:
        """Returns the address an entry maps this host to, or None where the name is looked up."""
        key = self._key(host, port)
        return self.entries[key] if key else None

    def _key(self, host: str, port: int) -> tuple[str, int | None] | None:
        try:
            name = canonical(f"[{host}]" if ":" in host and not host.startswith("[") else host)
        except ValueError:
            return None
        return next((key for key in ((name, port), (name, None)) if key in self.entries), None)


def _entry(text: str) -> tuple[str, int | None, Peer | None]:
    if text.count(":") > 1 and "[" not in text and "=" not in text:
        return _ipv6(text), None, None
    match = _ENTRY.fullmatch(text)
    if not match:
        raise ValueError("wrong form")
    port = _port(match["port"]) if match["port"] else None
    return canonical(match["host"]), port, _peer(match["peer"]) if match["peer"] else None


def _peer(text: str) -> Peer:
    match = _PEER.fullmatch(text)
    if not match:
        raise ValueError("an IP address and a port must follow the equals sign")
    return str(ipaddress.ip_address(match["address"].strip("[]"))), _port(match["port"])
