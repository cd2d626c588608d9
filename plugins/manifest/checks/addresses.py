"""Addresses the platform will call: `baseUrl` and the endpoints of OAuth. Names are not looked up here."""

import ipaddress
import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents.access import object_member
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.http import addresses
from kasilabs.lib.http.hosts import Target

# Hosts that resolvers read as IPv4 addresses in old spellings, such as 2130706433, 0x7f.1 and 127.1.
_NUMERIC = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")

_OAUTH_URLS = ("authorizationUrl", "tokenUrl", "revocationUrl")


def check_addresses(document: dict[str, Any], errors: ErrorList, is_allowed_host: Callable[[str, int], bool]) -> None:
    """Adds the addresses that are malformed, or lead to a host that is neither public nor allowed."""
    auth = object_member(document, "auth")
    urls = {"/baseUrl": document.get("baseUrl"), **{f"/auth/{name}": auth.get(name) for name in _OAUTH_URLS}}
    for pointer, url in urls.items():
        if not isinstance(url, str) or not errors.none_at(pointer):
            continue
        message = _malformed(url, may_have_query=pointer != "/baseUrl")
        if message:
            errors.add(pointer, "bad_format", message)
            continue
        target = Target.parse(url)
        if not _is_public(target) and not is_allowed_host(target.host, target.port):
            hint = _("Use https and a public name. An operator can allow this host in PLUGIN_HOSTS_ALLOWED.")
            errors.add(pointer, "host_not_allowed", _("Calls to this host are not allowed."), hint)


def _malformed(url: str, *, may_have_query: bool) -> str | None:
    """Returns what is wrong with the spelling, by RFC 3986 and what the outgoing client takes."""
    if not re.match("https?://", url, re.IGNORECASE):
        return _("This must begin with https://.")
    if not url.isascii():
        return _("Use ASCII only: international names in their xn-- form, other characters percent-encoded.")
    if "#" in url or ("?" in url and not may_have_query):
        return _("Leave out the fragment.") if may_have_query else _("Leave out the query and the fragment.")
    if "@" in url.split("/")[2]:
        return _("Leave out user name and password.")
    try:
        Target.parse(url)
    except ValueError:
        return _("Use a full address such as https://example.com/tools.")
    return None


def _is_public(target: Target) -> bool:
    if target.scheme != "https" or target.host == "localhost" or target.host.endswith(".localhost"):
        return False
    if addresses.is_literal(target.host):
        return not addresses.is_refused(str(ipaddress.ip_address(target.host)))
    return not _NUMERIC.fullmatch(target.host)
