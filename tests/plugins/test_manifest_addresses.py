import json
from collections.abc import Callable

import pytest

from kasilabs.lib.http.hosts import AllowedHosts
from plugins.manifest import document
from plugins.manifest.checks.errors import BadManifest
from tests.plugins.manifests import MANIFEST, errors, nobody_allowed


def code(url: str, is_allowed_host: Callable[[str, int], bool] = nobody_allowed) -> str | None:
    """The code of the one fault that a manifest with this address has, or None."""
    try:
        document.parse(json.dumps({**MANIFEST, "baseUrl": url}).encode(), is_allowed_host=is_allowed_host)
    except BadManifest as bad:
        return ", ".join(error.code for error in bad.errors if error.pointer == "/baseUrl")
    return None


PUBLIC = [
    "https://desk.example.com",
    "https://desk.example.com/",
    "https://desk.example.com:8443/tools/v1;a=b/%7Ex",
    "HTTPS://Desk.Example.COM/tools",
    "https://xn--bcher-kva.example/tools",
    "https://8.8.8.8/tools",
    "https://[2606:4700::1111]/tools",
    "https://1.example.com/",
]

NOT_ALLOWED = [
    "http://desk.example.com/tools",
    "https://localhost/tools",
    "https://desk.localhost/tools",
    "https://127.0.0.1/",
    "https://10.1.2.3:8443/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[fd00::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://2130706433/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
]

MALFORMED = [
    "",
    "desk.example.com/tools",
    "//desk.example.com/tools",
    "ftp://desk.example.com/",
    "file:///etc/passwd",
    "https://",
    "https:///tools",
    "https:desk.example.com",
    "https://user@desk.example.com/",
    "https://user:secret@desk.example.com/",
    "https://@desk.example.com/",
    "https://desk.example.com/tools?key=1",
    "https://desk.example.com/?",
    "https://desk.example.com/#top",
    "https://desk.example.com:/",
    "https://desk.example.com:0/",
    "https://desk.example.com:65536/",
    "https://desk.example.com:8o/",
    "https://desk.example.com/a b",
    " https://desk.example.com/",
    "https://desk.example.com/\n",
    "https://desk.example.com/\x00",
    "https://desk.exa mple.com/",
    "https://desk\\example.com/",
    "https://desk..example.com/",
    "https://desk.example.com%2f@evil.example/",
    "https://bücher.example/tools",
    "https://desk.example.com/tööls",
    "https://[::1",
    "https://[fe80::1%25eth0]/",
    "https://" + "a" * 64 + ".example/",
]


@pytest.mark.parametrize("url", PUBLIC)
def test_public_https_addresses_are_taken(url: str) -> None:
    assert code(url) is None


@pytest.mark.parametrize("url", NOT_ALLOWED)
def test_http_private_and_loopback_need_an_allowed_host(url: str) -> None:
    assert code(url) == "host_not_allowed"
    assert code(url, lambda _host, _port: True) is None


@pytest.mark.parametrize("url", MALFORMED)
def test_other_spellings_are_refused_even_for_allowed_hosts(url: str) -> None:
    assert code(url, lambda _host, _port: True) == "bad_format"


def test_an_allowed_host_counts_with_its_port() -> None:
    allowed = AllowedHosts.parse("desk.localhost:80=127.0.0.1:9000,[::1]").permits
    assert code("http://desk.localhost/tools", allowed) is None
    assert code("http://DESK.localhost:80/tools", allowed) is None
    assert code("http://desk.localhost:81/tools", allowed) == "host_not_allowed"
    assert code("http://[::1]:81/tools", allowed) is None


def test_an_address_of_2049_characters_is_too_long() -> None:
    url = "https://desk.example.com/".ljust(2048, "a")
    assert code(url) is None
    assert code(url + "a") == "too_long"


def test_oauth_addresses_follow_the_same_rules_but_may_have_a_query() -> None:
    auth = {
        "type": "oauth2",
        "authorizationUrl": "https://id.example.com/authorize?tenant=1",
        "tokenUrl": "http://id.example.com/token",
        "revocationUrl": "https://id.example.com/revoke#now",
        "scopes": [],
        "subject": "organization",
    }
    assert errors(auth=auth) == [("/auth/revocationUrl", "bad_format"), ("/auth/tokenUrl", "host_not_allowed")]
