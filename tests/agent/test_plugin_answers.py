"""What a plugin may do to us: every bad answer, its status and code, and what the agent and the log see of it."""

import base64
import json
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.utils import timezone

from kasilabs.lib.states import Mode
from plugins import signing_secrets
from plugins.models import SigningSecret
from tests.support import factories, fake_plugin_server
from tests.support.clock import Clock
from tests.support.fake_plugin_server import FakePluginServer, answers, reads_and_is_silent
from tests.support.platform import PHONE, SECRET, Build, Platform, Serve

CONVERSATION = {"id": "chat-1", "customer": {"phone": PHONE}}
SANDBOX_TOOL = {"mode": Mode.SANDBOX, "purpose": SigningSecret.Purpose.TOOL}
QUICK = {"timeoutSeconds": 1}


def platform_on(build: Build, serve: Serve, behaviour: fake_plugin_server.Behaviour, **tool: Any) -> Platform:
    return build(serve(behaviour).url(), tool=tool or None)


def ok(body: bytes) -> fake_plugin_server.Behaviour:
    return answers(fake_plugin_server.message(body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html><body>Welcome</body></html>", "not_json"),
        (b"[1, 2]", "not_json"),
        (b'"text"', "not_json"),
        (b"", "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": 1, "a": 2}', "not_json"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        (b'{"a": "' + b"x" * 70_000 + b'"}', "too_large"),
        (b'{"a": "' + b"x" * 3_000_000 + b'"}', "too_large"),
    ],
)
def test_what_is_not_one_small_json_object_is_an_invalid_response(
    build: Build, serve: Serve, body: bytes, reason: str
) -> None:
    platform = platform_on(build, serve, ok(body))
    answer = platform.agent.call()
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["gate"]) == (502, "invalid_response", "response")
    assert (platform.row().state, platform.row().reason) == ("plugin_fault", reason)


def test_a_compressed_answer_is_an_invalid_response(build: Build, serve: Serve) -> None:
    platform = platform_on(build, serve, answers(fake_plugin_server.message(b"{}", "Content-Encoding: gzip")))
    assert platform.agent.call().json()["code"] == "invalid_response"


def test_an_answer_that_does_not_fit_the_declared_schema_is_invalid(build: Build, serve: Serve) -> None:
    schema = {"type": "object", "properties": {"reference": {"type": "string"}}, "required": ["reference"]}
    platform = platform_on(build, serve, ok(b'{"reference": 5}'), outputSchema=schema)
    answer = platform.agent.call()
    assert (answer.status_code, answer.json()["code"]) == (502, "invalid_response")
    assert platform.row().reason == "output_schema"


ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in SECRET)
BASE64 = base64.b64encode(b"key=" + SECRET.encode()).decode()


@pytest.mark.parametrize(
    "body",
    [
        {"note": f"the key is {SECRET}"},
        {SECRET: 1},
        {"deep": [{"er": [SECRET]}]},
        {"note": BASE64},
        {"note": SECRET.replace("-", "%2D")},
        {"note": SECRET.replace("-", "&#45;")},
        {"note": SECRET.replace("-", "－")},
        {"note": "\u200b".join(SECRET)},
        {"note": SECRET.encode().hex()},
        {"note": SECRET[::-1]},
        {"note": base64.b64encode(BASE64.encode()).decode()},
        {"note": base64.urlsafe_b64encode(BASE64.rstrip("=").encode()).decode().rstrip("=")},
        {"phone": PHONE},
        {"phone": "0711 222-333"},
        {"phone": "+254 (711) 222 333"},
        {"phone": int(PHONE.removeprefix("+"))},
        {"phone": 711222333},
        {"phone": float(PHONE.removeprefix("+"))},
        {"711222333": "x"},
        {"error": 'Traceback (most recent call last):\n  File "app.py", line 3, in <module>'},
        {"error": "java.lang.NullPointerException\n\tat com.acme.Desk.open(Desk.java:41)"},
        {"error": "Error: no\n    at open (/srv/app/desk.js:10:5)"},
        {"error": "PHP Fatal error:  Uncaught Error in /srv/app.php:3"},
        {"error": "#0 /srv/app/desk.php(41): open()"},
        {"error": "at Acme.Desk.Open(String id) in /src/Desk.cs:line 41"},
        {"error": "goroutine 1 [running]:\nmain.main()"},
    ],
)
def test_the_guard_holds_back_what_must_not_reach_an_agent(build: Build, serve: Serve, body: dict[str, Any]) -> None:
    platform = platform_on(build, serve, ok(json.dumps(body).encode()))
    answer = platform.agent.call(conversation=CONVERSATION)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["gate"]) == (502, "unsafe_response", "response")
    row = platform.row()
    shown = answer.content.decode() + json.dumps([row.request, row.response, row.detail])
    assert SECRET not in shown
    assert "711222333" not in shown


def test_a_secret_in_json_escapes_is_held_back(build: Build, serve: Serve) -> None:
    platform = platform_on(build, serve, ok(f'{{"note": "{ESCAPED}"}}'.encode()))
    assert platform.agent.call().json()["code"] == "unsafe_response"


def test_the_tokens_of_the_call_are_held_back(build: Build, serve: Serve) -> None:
    def echo(visit: fake_plugin_server.Visit) -> None:
        for request in visit.requests():
            head, _, body = request.partition(b"\r\n\r\n")
            bearer = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization"))
            chat = json.loads(body)["bridge"]["token"]
            token = bearer.split()[-1].decode() if b"platform" in body else chat
            visit.send(fake_plugin_server.message(json.dumps({"token": token}).encode()))

    platform = platform_on(build, serve, echo)
    for subject in ("platform please", "chat please"):
        answer = platform.agent.call(conversation=CONVERSATION, input={"subject": subject})
        assert answer.json()["code"] == "unsafe_response"
        assert "eyJ" not in json.dumps(platform.rows()[-1].response)


def test_what_looks_private_but_is_not_passes(build: Build, serve: Serve) -> None:
    body = {"shop": "+254 722 000 111", "note": "Bearer certificates are kept at the office.", "line": 254711}
    platform = platform_on(build, serve, ok(json.dumps(body).encode()))
    assert platform.agent.call(conversation=CONVERSATION).json()["output"] == body


@pytest.mark.parametrize(
    ("status", "gate", "reason"),
    [
        ("400 Bad Request", None, "http_status"),
        ("401 Unauthorized", "plugin_auth", "http_status"),
        ("403 Forbidden", "plugin_auth", "http_status"),
        ("500 Oops", None, "http_status"),
        ("503 Later", None, "http_status"),
        ("302 Found", None, "redirect"),
        ("304 Not Modified", None, "redirect"),
    ],
)
def test_an_error_status_is_a_plugin_error(
    build: Build, serve: Serve, status: str, gate: str | None, reason: str
) -> None:
    elsewhere = serve(ok(b"{}"))
    plugin = serve(answers(fake_plugin_server.message(b"", f"Location: {elsewhere.url()}", status=status)))
    platform = build(plugin.url())
    answer = platform.agent.call()
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["reason"]) == (502, "plugin_error", reason)
    assert problem.get("gate") == gate
    assert (len(plugin.requests), len(elsewhere.requests)) == (1, 0)


def test_a_plugin_that_hangs_times_out_at_the_tools_deadline(build: Build, serve: Serve) -> None:
    platform = platform_on(build, serve, reads_and_is_silent, **QUICK)
    started = time.monotonic()
    answer = platform.agent.call()
    assert (answer.status_code, answer.json()["code"]) == (504, "plugin_timeout")
    assert time.monotonic() - started > 0.9
    assert platform.row().state == "plugin_fault"


def test_a_plugin_that_drips_times_out_at_the_tools_deadline(build: Build, serve: Serve) -> None:
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
    plugin = serve(fake_plugin_server.drips(start, b"x" * 60_000))
    platform = build(plugin.url(), tool=QUICK)
    assert platform.agent.call().status_code == 504
    assert plugin.finished == 0


def test_a_closed_port_is_answered_before_any_of_the_time_is_over(build: Build, serve: Serve, clock: Clock) -> None:
    plugin = serve(ok(b"{}"))
    platform = build(plugin.url(), tool=QUICK)
    plugin.stop()
    problem = platform.agent.call().json()
    assert (problem["code"], problem["reason"]) == ("plugin_error", "unreachable")
    assert platform.row().attempts == 2


def hangs_up_first(times: int) -> fake_plugin_server.Behaviour:
    """Read the request and hang up without an answer, `times` times; then answer."""
    seen = []

    def behave(visit: fake_plugin_server.Visit) -> None:
        for _request in visit.requests():
            seen.append(1)
            if len(seen) <= times:
                return
            visit.send(fake_plugin_server.message(b"{}"))

    return behave


def test_a_write_is_sent_once_when_the_connection_breaks(build: Build, serve: Serve) -> None:
    plugin = serve(hangs_up_first(1))
    platform = build(plugin.url())
    assert platform.agent.call().json()["reason"] == "unreachable"
    assert len(plugin.requests) == 1


@pytest.mark.parametrize("hint", ["readOnlyHint", "idempotentHint"])
def test_a_harmless_call_is_sent_again_with_a_new_token_and_the_same_id(build: Build, serve: Serve, hint: str) -> None:
    plugin = serve(hangs_up_first(1))
    platform = build(plugin.url(), tool={"annotations": {hint: True}})
    assert platform.agent.call().status_code == 200
    first, second = (request.partition(b"\r\n\r\n")[0].decode() for request in plugin.requests)
    assert field(first, "Idempotency-Key") == field(second, "Idempotency-Key")
    assert field(first, "Authorization") != field(second, "Authorization")


def test_a_harmless_call_is_sent_again_once_only(build: Build, serve: Serve) -> None:
    plugin = serve(hangs_up_first(9))
    platform = build(plugin.url(), tool={"annotations": {"readOnlyHint": True}})
    assert platform.agent.call().json()["code"] == "plugin_error"
    assert len(plugin.requests) == 2


def test_an_answer_is_never_tried_again(build: Build, serve: Serve) -> None:
    plugin = serve(answers(fake_plugin_server.message(b"{}", status="503 Later")))
    platform = build(plugin.url(), tool={"annotations": {"readOnlyHint": True, "idempotentHint": True}})
    platform.agent.call()
    assert len(plugin.requests) == 1


def field(head: str, name: str) -> str:
    return next(line for line in head.split("\r\n") if line.startswith(f"{name}: "))


def test_a_blocked_address_is_refused_without_a_connection(platform: Platform, settings: Any) -> None:
    settings.PLUGIN_HOSTS_ALLOWED = ""
    problem = platform.agent.call().json()
    assert (problem["code"], problem["reason"]) == ("plugin_error", "blocked_address")


def test_many_calls_reuse_one_connection(platform: Platform, plugin: FakePluginServer) -> None:
    for _ in range(20):
        assert platform.agent.call().status_code == 200
    assert plugin.accepted == 1


@pytest.mark.parametrize("start", [b"LOL\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"])
def test_an_answer_that_breaks_off_is_invalid_and_not_tried_again(build: Build, serve: Serve, start: bytes) -> None:
    plugin = serve(fake_plugin_server.answers_once(start))
    platform = build(plugin.url(), tool={"annotations": {"readOnlyHint": True}})
    problem = platform.agent.call().json()
    assert (problem["code"], problem["gate"]) == ("invalid_response", "response")
    assert (len(plugin.requests), platform.row().reason) == (1, "broken")


@pytest.mark.parametrize("purpose", SigningSecret.Purpose)
def test_neither_signing_secret_of_the_plugin_comes_back(
    build: Build, serve: Serve, purpose: SigningSecret.Purpose
) -> None:
    found: list[str] = []

    def tell(visit: fake_plugin_server.Visit) -> None:
        for _request in visit.requests():
            visit.send(fake_plugin_server.message(json.dumps({"secret": found[0]}).encode()))

    platform = platform_on(build, serve, tell)
    secret = platform.installation.plugin.signing_secrets.get_current(Mode.SANDBOX, purpose)
    found.append(secret.reveal())
    assert platform.agent.call().json()["code"] == "unsafe_response"
    assert found[0] not in json.dumps(platform.row().response)


def test_a_new_secret_takes_over_when_the_old_one_retires(platform: Platform, plugin: FakePluginServer) -> None:
    asked: dict[str, Any] = {**SANDBOX_TOOL, "plugin": platform.installation.plugin}
    old = asked["plugin"].signing_secrets.get_current(asked["mode"], asked["purpose"])
    new = signing_secrets.rotate(**asked, actor=factories.ACTOR)
    platform.agent.call()
    SigningSecret.objects.filter(pk=old.pk).update(retires=timezone.now() - timedelta(seconds=1))
    platform.agent.call()
    kids = [jwt.get_unverified_header(bearer(request))["kid"] for request in plugin.requests]
    assert kids == [old.kid, new.kid]


def test_a_leaked_secret_is_replaced_at_once(platform: Platform, plugin: FakePluginServer) -> None:
    asked: dict[str, Any] = {**SANDBOX_TOOL, "plugin": platform.installation.plugin}
    new = signing_secrets.rotate(**asked, actor=factories.ACTOR, at_once=True)
    platform.agent.call()
    assert jwt.get_unverified_header(bearer(plugin.requests[0]))["kid"] == new.kid


def bearer(request: bytes) -> str:
    head = request.partition(b"\r\n\r\n")[0].decode()
    return field(head, "Authorization").split()[-1]
