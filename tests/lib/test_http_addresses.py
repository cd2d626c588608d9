"""Which hosts and addresses the outgoing client connects to."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from kasilabs.lib.http import client as outgoing
from kasilabs.lib.http.addresses import Lookups, ask_system, is_refused
from tests.support.clock import Clock
from tests.support.fake_plugin_server import FakePluginServer, answers, message
from tests.support.outgoing import client, post, reason


def remembers(asked: list[str], *addresses: str) -> Callable[[str], Sequence[str]]:
    def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        return addresses

    return resolve


def finds(*addresses: str) -> Callable[[str], Sequence[str]]:
    return remembers([], *addresses)


_REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3 169.254.169.254
172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7
203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
:: ::1 ::7f00:1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::7f00:1
64:ff9b::8.8.8.8 64:ff9b:1::1 64:ff9b:1:ffff::8.8.8.8 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1
2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fe80::1
fe80::1%lo fec0::1 feff::1 ff02::1 ff0e::1
"""
REFUSED = _REFUSED.split()


@pytest.mark.parametrize("address", REFUSED)
def test_address_is_refused(address: str) -> None:
    assert is_refused(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "100.63.0.1", "172.32.0.1", "223.255.255.254", "2606:4700::1"]
)
def test_public_address_is_not_refused(address: str) -> None:
    assert not is_refused(address)


@pytest.mark.parametrize("address", [address for address in REFUSED if "%" not in address])
def test_name_that_leads_to_a_refused_address_is_blocked(address: str) -> None:
    with client(resolve=finds(address)) as http:
        assert reason(http, "https://plugin.test/") == ("blocked_address", False)


SPELLINGS = """
127.0.0.1 127.0.0.1. 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0X7F.0.0.1 0177.0.0.1 017700000001 127.0.0.0x1 0 0x0
0.0.0.0 10.1 192.168.1 169.254.43518 0xa9fea9fe 2852039166 localhost LOCALHOST localhost. 127。0。0。1 １２７.0.0.1
①②⑦.0.0.1
[::1] [::] [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::127.0.0.1] [2002:7f00:1::]
[fe80::1] [fe80::1%25lo] [fe80::1%lo] [::1%25] [fd00::1]
user@127.0.0.1 user:secret@127.0.0.1 1.1.1.1@127.0.0.1 1.1.1.1:443@127.0.0.1 1.1.1.1%40127.0.0.1 %31%32%37.0.0.1
1.1.1.1\\@127.0.0.1 1.1.1.1#@127.0.0.1 127.0.0.1%00.example.com 127.0.0.1%2f.example.com
"""


@pytest.mark.parametrize("host", SPELLINGS.split())
def test_no_spelling_reaches_a_refused_address(host: str) -> None:
    with FakePluginServer(answers(message())) as server, client("") as http:
        assert reason(http, f"https://{host}:{server.port}/") == ("blocked_address", False)
        assert server.accepted == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://1.1.1.1/",
        "file:///etc/passwd",
        "//1.1.1.1/",
        "1.1.1.1",
        "",
        "https://",
        "https:///x",
        "https://:443/",
        "https://1.1.1.1:0/",
        "https://1.1.1.1:65536/",
        "https://1.1.1.1:x/",
        "https://1.1.1.1/#x",
        "https://1.1.1.1/ x",
        "https://1.1.1.1/\r\nX: y",
        "https://1.1.1.1/ü",
        "https://a..b/",
        "https://.test/",
        "https://[::1/",
        "https://[v1.x]/",
        " https://1.1.1.1/",
        f"https://{'a' * 64}.test/",
        "https://xn--\u0660.test/",
    ],
)
def test_what_is_no_plain_url_is_blocked(url: str) -> None:
    with client("", resolve=finds("1.1.1.1")) as http:
        assert reason(http, url) == ("blocked_address", False)


@pytest.mark.parametrize("addresses", [("8.8.8.8", "10.0.0.1"), ("10.0.0.1", "8.8.8.8"), ("2606:4700::1", "::1")])
def test_one_refused_address_among_public_ones_blocks_the_host(addresses: tuple[str, ...]) -> None:
    with client("", resolve=finds(*addresses)) as http:
        assert reason(http, "https://plugin.test/") == ("blocked_address", False)


@pytest.mark.parametrize("host", ["plugin.test", "8.8.8.8", "[2606:4700::1]"])
def test_plain_http_is_blocked_for_a_host_that_is_not_allowed(host: str) -> None:
    with client("other.test", resolve=finds("8.8.8.8")) as http:
        assert reason(http, f"http://{host}/") == ("blocked_address", False)


def test_failed_lookup_is_unreachable_and_asked_again() -> None:
    asked: list[str] = []

    def resolve(host: str) -> Sequence[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with client("", resolve=resolve) as http:
        assert [reason(http, "https://Gone.test./") for _ in range(2)] == [("unreachable", False)] * 2
    assert asked == ["gone.test"] * 2


def test_international_name_is_looked_up_by_its_ascii_form() -> None:
    asked: list[str] = []
    with client("", resolve=remembers(asked, "10.0.0.1")) as http:
        reason(http, "https://Bücher.test/")
    assert asked == ["xn--bcher-kva.test"]


def test_lookup_is_kept_between_connections() -> None:
    asked: list[str] = []
    resolve = remembers(asked, "127.0.0.1")
    with FakePluginServer(answers(message())) as server, client("plugin.test", resolve=resolve, idle_seconds=0) as http:
        assert [post(http, server.url("plugin.test")).status for _ in range(3)] == [200] * 3
    assert (asked, server.accepted) == (["plugin.test"], 3)


def test_kept_lookups_expire_and_are_few() -> None:
    asked: list[str] = []
    lookups = Lookups(remembers(asked, "8.8.8.8"), keep=0.0, size=2)
    for host in ("a", "a", "b", "c"):
        assert lookups.addresses(host, until=float("inf")) == ("8.8.8.8",)
    assert asked == ["a", "a", "b", "c"]
    assert len(lookups) == 2


def test_waiting_lookups_do_not_pile_up() -> None:
    found = threading.Event()

    def resolve(host: str) -> Sequence[str]:
        found.wait()
        return ["8.8.8.8"]

    lookups = Lookups(resolve, threads=1)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            lookups.addresses("slow.test", until=time.monotonic() + 0.05)
    with pytest.raises(OSError, match="too many look-ups"):
        lookups.addresses("other.test", until=time.monotonic() + 60)
    found.set()
    assert lookups.addresses("slow.test", until=time.monotonic() + 60) == ("8.8.8.8",)


def test_name_without_addresses_is_unreachable() -> None:
    with client("", resolve=finds()) as http:
        assert reason(http, "https://empty.test/") == ("unreachable", False)


def test_system_lookup_gives_each_address_once() -> None:
    assert ask_system("127.1") == ["127.0.0.1"]


def test_next_address_is_tried_when_one_refuses() -> None:
    with (
        FakePluginServer(answers(message())) as server,
        client("plugin.test", resolve=finds("::1", "127.0.0.1")) as http,
    ):
        assert post(http, server.url("plugin.test")).status == 200
    assert server.accepted == 1


@contextlib.contextmanager
def silent_port() -> Iterator[int]:
    """Give a port of ::1 whose queue is full: a further connection is neither accepted nor refused."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("::1", 0), family=socket.AF_INET6, backlog=0))
        for _ in range(4):
            filler = stack.enter_context(socket.socket(socket.AF_INET6))
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def test_next_address_is_tried_when_one_was_silent_for_its_share_of_the_time(clock: Clock) -> None:
    resolve = finds("::1", "127.0.0.1")
    started = time.perf_counter()
    with (
        silent_port() as port,
        FakePluginServer(answers(message()), port=port) as server,
        client("plugin.test", resolve=resolve, connect_seconds=1.0) as http,
    ):
        assert post(http, server.url("plugin.test")).status == 200
    assert time.perf_counter() - started > 0.49


def test_address_that_stays_silent_is_unreachable() -> None:
    with silent_port() as port, client("::1", connect_seconds=0.2) as http:
        assert reason(http, f"http://[::1]:{port}/") == ("unreachable", False)
        assert reason(http, f"http://[::1]:{port}/", seconds=0.1) == ("timeout", False)


def test_closed_port_is_unreachable_before_any_time_is_over(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with client() as http:
        assert reason(http, f"http://127.0.0.1:{port}/") == ("unreachable", False)


def test_mapped_host_keeps_its_name() -> None:
    with (
        FakePluginServer(answers(message())) as server,
        client(f"support-desk.localhost=127.0.0.1:{server.port}", resolve=finds()) as http,
    ):
        assert post(http, "http://support-desk.localhost/kasi").status == 200
        assert post(http, "http://Support-Desk.localhost.:8000/kasi").status == 200
    hosts = [request.split(b"\r\n")[1] for request in server.requests]
    assert hosts == [b"Host: support-desk.localhost", b"Host: support-desk.localhost:8000"]


def test_allowed_host_in_another_spelling_is_the_same_host() -> None:
    with FakePluginServer(answers(message()), address="::1") as server, client(f"[0:0::1]:{server.port}") as http:
        assert post(http, server.url("[::1]")).status == 200
        assert reason(http, f"http://[::1]:{server.port + 1}/")[0] == "blocked_address"
    assert server.requests[0].split(b"\r\n")[1] == b"Host: [::1]:%d" % server.port


ALLOWED = "one.test, two.test:8080 ,three.test=10.0.0.1:90,four.test:444=[::1]:91,[::1]:92,::2,10.0.0.7,Bücher.test,"


@pytest.mark.parametrize(
    ("host", "port", "answer"),
    [
        ("one.test", 1, True),
        ("ONE.test.", 65535, True),
        ("sub.one.test", 443, False),
        ("one.tests", 443, False),
        ("two.test", 8080, True),
        ("two.test", 443, False),
        ("three.test", 443, True),
        ("four.test", 444, True),
        ("four.test", 443, False),
        ("::1", 92, True),
        ("[::1]", 92, True),
        ("[::1]", 93, False),
        ("0:0:0:0:0:0:0:2", 443, True),
        ("10.0.0.7", 443, True),
        ("10.7", 443, False),
        ("bücher.test", 443, True),
        ("xn--bcher-kva.test", 443, True),
        ("", 443, False),
        ("a b", 443, False),
        ("[::1%25lo]", 92, False),
    ],
)
def test_allowed_hosts_permit(host: str, port: int, answer: object) -> None:
    assert outgoing.AllowedHosts.parse(ALLOWED).permits(host, port) is answer


def test_allowed_hosts_map_to_addresses() -> None:
    allowed = outgoing.AllowedHosts.parse(ALLOWED + "three.test:5=10.0.0.2:7")
    peers = [allowed.peer(*at) for at in (("three.test", 443), ("three.test", 5), ("four.test", 444), ("one.test", 1))]
    assert peers == [("10.0.0.1", 90), ("10.0.0.2", 7), ("::1", 91), None]


def test_no_allowed_hosts_permit_nothing() -> None:
    assert not outgoing.AllowedHosts.parse(" , ").permits("localhost", 80)


@pytest.mark.parametrize(
    "text",
    [
        "http://one.test",
        "one.test/path",
        "one.test:0",
        "one.test:65536",
        "one.test:x",
        "one.test:",
        "one.test=",
        "one.test=10.0.0.1",
        "one.test=other.test:80",
        "one.test=10.0.0:80",
        "one.test=127.0.0.1:x",
        "=10.0.0.1:80",
        ":80",
        "[::1",
        "[::1%lo]",
        "::g",
        "*.test",
        "user@one.test",
        "one two",
        "a=b=c",
    ],
)
def test_malformed_entry_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not name, name:port or name") as caught:
        outgoing.AllowedHosts.parse(f"fine.test,{text}")
    assert f'"{text}"' in str(caught.value)
