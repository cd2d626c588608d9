"""What the outgoing client sends, keeps and ignores."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kasilabs.lib.http.attempt import Attempt
from tests.support.clock import Clock
from tests.support.fake_plugin_server import FakePluginServer, Visit, answers, answers_once, message
from tests.support.outgoing import client, post, reason


def test_request_carries_body_and_headers_as_given() -> None:
    with FakePluginServer(answers(message(b'{"ok":1}'))) as server, client() as http:
        answer = post(http, server.url(), body=b'{"a":1}', headers={"Authorization": "Bearer t", "traceparent": "00-1"})
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b'{"ok":1}', "application/json")
    assert server.requests == [
        b"POST /call HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer t\r\ntraceparent: 00-1\r\n" % server.port
        + b'Accept-Encoding: identity\r\nContent-Length: 7\r\nUser-Agent: KasiLabs\r\n\r\n{"a":1}'
    ]


@pytest.mark.parametrize("path", ["/a%7eb/%2e%2E/c", "//double//", "/a/../b", "/x?q=%41&r=a|b", "/"])
def test_path_is_posted_as_written(path: str) -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        post(http, server.url(path=path))
    assert server.requests[0].split(b" ")[1] == path.encode()


def test_url_without_path_posts_to_the_root() -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        post(http, server.url(path=""))
    assert server.requests[0].startswith(b"POST / HTTP/1.1\r\n")


def test_thousand_posts_use_one_connection() -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        reused = [post(http, server.url()).reused for _ in range(1000)]
    assert (server.accepted, len(server.requests)) == (1, 1000)
    assert reused == [False, *[True] * 999]


def test_reused_connection_spends_no_time_on_lookup_and_connect() -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        first, second = post(http, server.url()).timings, post(http, server.url()).timings
    assert first.connect > 0
    assert (second.lookup, second.connect) == (0.0, 0.0)


def test_timings_tell_waiting_from_reading(clock: Clock) -> None:
    attempt = Attempt(deadline=clock() + 60, budget=100)
    with attempt.phase("lookup", 2):
        clock.advance(0.01)
    with attempt.phase("connect", 2):
        clock.advance(0.02)
    attempt.asked_at = clock()
    clock.advance(0.15)
    attempt.receive(1)
    clock.advance(0.05)
    attempt.receive(1)
    timings = attempt.timings()
    assert (timings.lookup, timings.connect) == pytest.approx((10, 20))
    assert (timings.wait, timings.read) == pytest.approx((150, 50))


def test_idle_connection_is_dropped_after_four_seconds(clock: Clock) -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        post(http, server.url())
        clock.advance(3.9)
        assert post(http, server.url()).reused
        clock.advance(4.1)
        assert not post(http, server.url()).reused
    assert server.accepted == 2


def test_connection_the_server_closed_is_noticed_before_it_is_used() -> None:
    with FakePluginServer(answers_once(message())) as server, client() as http:
        post(http, server.url())
        server.wait_for_hang_up()
        assert not post(http, server.url()).reused
    assert (server.accepted, len(server.requests)) == (2, 2)


def test_reused_connection_that_dies_before_an_answer_was_sent() -> None:
    def behave(visit: Visit) -> None:
        visit.read_request()
        visit.send(message())
        visit.read_request()

    with FakePluginServer(behave) as server, client() as http:
        post(http, server.url())
        assert reason(http, server.url()) == ("broken", True)
    assert (server.accepted, len(server.requests)) == (1, 2)


def test_closing_answer_is_read_to_its_end() -> None:
    with FakePluginServer(answers_once(message(b"x" * 50_000, "Connection: close"))) as server, client() as http:
        assert [len(post(http, server.url()).body) for _ in range(2)] == [50_000, 50_000]
    assert server.accepted == 2


def test_cookie_is_neither_kept_nor_sent() -> None:
    with FakePluginServer(answers(message(b"{}", "Set-Cookie: session=rival; Path=/"))) as server, client() as http:
        post(http, server.url())
        post(http, server.url())
        assert len(http._allowed_session.cookies) == 0
    assert b"cookie" not in b"".join(server.requests).lower()


def test_netrc_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login thief password stolen\ndefault login thief password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(netrc))
    with FakePluginServer(answers(message())) as server, client() as http:
        post(http, server.url(), headers={"Authorization": "Bearer ours"})
        post(http, server.url(), headers={})
    assert b"\r\nAuthorization: Bearer ours\r\n" in server.requests[0]
    assert b"Authorization" not in server.requests[1]


def test_proxy_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakePluginServer(answers(message(b"proxy"))) as proxy, FakePluginServer(answers(message(b"plugin"))) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with client() as http:
            assert post(http, server.url()).body == b"plugin"
    assert proxy.accepted == 0


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_redirect_is_an_answer(status: str) -> None:
    with FakePluginServer(answers(message())) as other:
        moved = message(b"gone", f"Location: {other.url()}", status=status)
        with FakePluginServer(answers(moved)) as server, client() as http:
            answer = post(http, server.url())
    assert (str(answer.status), answer.body, other.accepted) == (status[:3], b"gone", 0)


def test_redirect_to_nonsense_with_a_huge_body_is_not_prepared() -> None:
    moved = message(b"x" * 3_000_000, "Location: http://[::bad%zz]:99999/\xff", status="302 Found")
    with FakePluginServer(answers(moved)) as server, client() as http:
        assert reason(http, server.url()) == ("too_large", True)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "naïve", "a\r\n b"])
def test_header_value_cannot_end_its_line(value: str) -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        with pytest.raises(ValueError, match="the header 'X-Name' cannot be sent"):
            post(http, server.url(), headers={"X-Name": value})
        assert server.accepted == 0


@pytest.mark.parametrize("name", ["X-Name: a", "X Name", "", "Host", "content-length", "Transfer-Encoding", "X\r\nY"])
def test_header_name_is_a_plain_word_and_not_the_clients_own(name: str) -> None:
    with FakePluginServer(answers(message())) as server, client() as http:
        with pytest.raises(ValueError, match="cannot be sent"):
            post(http, server.url(), headers={name: "1"})
        assert server.accepted == 0


def test_eight_threads_share_eight_connections() -> None:
    def echo(visit: Visit) -> None:
        for request in visit.requests():
            visit.send(message(request.partition(b"\r\n\r\n")[2]))

    wrong: list[bytes] = []

    def work(number: int) -> None:
        for turn in range(50):
            body = b"%d/%d" % (number, turn)
            if (got := post(http, server.url(), body=body).body) != body:
                wrong.append(got)

    with FakePluginServer(echo) as server, client() as http:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (wrong, len(server.requests)) == ([], 400)
    assert server.accepted <= 8


def test_a_document_is_asked_for_under_the_same_rules() -> None:
    with FakePluginServer(answers(message(b'{"ok":1}'))) as server, client() as http:
        answer = http.get(server.url(), deadline=time.monotonic() + 60)
    assert (answer.status, answer.body) == (200, b'{"ok":1}')
    assert server.requests == [
        b"GET /call HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: application/json\r\n" % server.port
        + b"Accept-Encoding: identity\r\nUser-Agent: KasiLabs\r\n\r\n"
    ]


def test_eight_idle_connections_to_one_host_are_kept() -> None:
    may_answer = threading.Event()

    def echo(visit: Visit) -> None:
        for _request in visit.requests():
            may_answer.wait()
            visit.send(message())

    with FakePluginServer(echo) as server, client(connections=12) as http, ThreadPoolExecutor(12) as threads:
        for requests_so_far in (12, 24):
            may_answer.clear()
            answers = [threads.submit(post, http, server.url()) for _ in range(12)]
            server.wait_for_requests(requests_so_far)
            may_answer.set()
            assert {answer.result().status for answer in answers} == {200}
    assert server.accepted == 12 + 4
