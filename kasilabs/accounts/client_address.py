"""Where a request comes from, as limits count it.

An IPv6 address stands for its /64: whoever has one of those addresses has them all (RFC 6177).
"""

import ipaddress

from allauth.account.adapter import get_adapter
from django.http import HttpRequest

IPV4_NETWORK = 24
IPV6_NETWORK = 64


def address(request: HttpRequest) -> str:
    """Returns the IPv4 address, or the /64 of an IPv6 address."""
    ip = _ip(request)
    return str(ip) if ip.version == 4 else network(request)


def network(request: HttpRequest) -> str:
    """Returns the neighbourhood of the address: the /24 of IPv4, the /64 of IPv6."""
    ip = _ip(request)
    prefix = IPV4_NETWORK if ip.version == 4 else IPV6_NETWORK
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def _ip(request: HttpRequest) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    # allauth has looked that it is an address, and knows about the proxy in front.
    ip = ipaddress.ip_address(get_adapter().get_client_ip(request))
    return getattr(ip, "ipv4_mapped", None) or ip
