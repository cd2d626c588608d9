"""Where a request comes from, as limits count it.

An IPv6 address stands for its /64: whoever has one of those addresses has them all. Providers hand out whole /48s, so
that is an IPv6 network (RFC 6177).
"""

import ipaddress

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
IPV4_NETWORK = 24
IPV6_NETWORK = 48
IPV6_ADDRESS = 64


def address(request: HttpRequest) -> str:
    """Returns the IPv4 address, or the /64 of an IPv6 address."""
    ip = _ip(request)
    return str(ip) if ip.version == 4 else _block(ip, IPV6_ADDRESS)


def network(request: HttpRequest) -> str:
    """Returns the neighbourhood of the address: the /24 of IPv4, the /48 of IPv6."""
    ip = _ip(request)
    return _block(ip, IPV4_NETWORK if ip.version == 4 else IPV6_NETWORK)


def _block(ip: Ip, prefix: int) -> str:
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def _ip(request: HttpRequest) -> Ip:
    # allauth has looked that it is an address, and knows about the proxy in front.
    ip = ipaddress.ip_address(get_adapter().get_client_ip(request))
    return getattr(ip, "ipv4_mapped", None) or ip
