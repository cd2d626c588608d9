"""Certificates and names."""

from pathlib import Path

import pytest

from tests.support.fake_plugin_server import FakePluginServer, Visit, answers, make_certificate, message
from tests.support.outgoing import client, post, reason


def test_certificate_of_a_trusted_authority_is_accepted(tmp_path: Path) -> None:
    tls, ca_file = make_certificate(tmp_path, "127.0.0.1")
    with FakePluginServer(answers(message()), tls=tls) as server, client(ca_file=str(ca_file)) as http:
        assert [post(http, server.url()).reused for _ in range(3)] == [False, True, True]
    assert server.accepted == 1


def test_unknown_authority_is_refused(tmp_path: Path) -> None:
    tls, _ = make_certificate(tmp_path, "127.0.0.1")
    with FakePluginServer(answers(message()), tls=tls) as server, client() as http:
        assert reason(http, server.url()) == ("tls", False)
    assert server.requests == []


def test_given_authority_replaces_the_usual_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, other = make_certificate(tmp_path, "other.test")
    usual = tmp_path / "usual"
    usual.mkdir()
    tls, ca_file = make_certificate(usual, "127.0.0.1")
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(ca_file))
    with FakePluginServer(answers(message()), tls=tls) as server, client(ca_file=str(other)) as http:
        assert reason(http, server.url()) == ("tls", False)


@pytest.mark.parametrize("names", [("other.test",), ("127.0.0.2", "localhost")])
def test_certificate_for_another_name_is_refused(names: tuple[str, ...], tmp_path: Path) -> None:
    tls, ca_file = make_certificate(tmp_path, *names)
    with FakePluginServer(answers(message()), tls=tls) as server, client(ca_file=str(ca_file)) as http:
        assert reason(http, server.url()) == ("tls", False)


def test_expired_certificate_is_refused(tmp_path: Path) -> None:
    tls, ca_file = make_certificate(tmp_path, "127.0.0.1", expired=True)
    with FakePluginServer(answers(message()), tls=tls) as server, client(ca_file=str(ca_file)) as http:
        assert reason(http, server.url()) == ("tls", False)


def test_pinned_connection_asks_for_and_checks_the_name(tmp_path: Path) -> None:
    tls, ca_file = make_certificate(tmp_path, "plugin.test")
    asked: list[str | None] = []
    tls.sni_callback = lambda *args: asked.append(args[1])
    with (
        FakePluginServer(answers(message()), tls=tls) as server,
        client(f"plugin.test=127.0.0.1:{server.port}", ca_file=str(ca_file)) as http,
    ):
        assert post(http, "https://plugin.test./kasi").status == 200
    assert asked == ["plugin.test"]
    assert b"\r\nHost: plugin.test\r\n" in server.requests[0]


def test_server_without_tls_is_a_tls_failure() -> None:
    with FakePluginServer(lambda visit: visit.send(message())) as server, client() as http:
        assert reason(http, f"https://127.0.0.1:{server.port}/") == ("tls", False)


def test_connection_lost_in_the_handshake_was_not_sent() -> None:
    def behave(visit: Visit) -> None:
        visit.sock.recv(10)
        visit.reset()

    with FakePluginServer(behave) as server, client() as http:
        assert reason(http, f"https://127.0.0.1:{server.port}/") == ("unreachable", False)
