"""The plugin's own no: an answer with a code and a message, and no fault of anybody."""

import json
from typing import Any

import pytest

from kasilabs.logs import search
from tests.support import fake_plugin_server
from tests.support.fake_plugin_server import answers
from tests.support.platform import PHONE, SECRET, Build, Platform, Serve

CLOSED = {"code": "ticket_closed", "message": "This ticket is closed already."}
CONVERSATION = {"id": "chat-1", "customer": {"phone": PHONE}}


def platform_that_says(build: Build, serve: Serve, status: str, body: Any) -> Platform:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return build(serve(answers(fake_plugin_server.message(raw, status=status))).url())


def test_a_decline_reaches_the_agent_with_the_plugins_code_and_message(build: Build, serve: Serve) -> None:
    platform = platform_that_says(build, serve, "409 Conflict", {"error": CLOSED})
    answer = platform.agent.call()
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert answer.json() == {
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "The plugin declined this. "
        "Tell the customer why, as pluginMessage says it, and do not repeat the same call.",
        "code": "declined",
        "gate": "business",
        "id": platform.row().public_id,
        "pluginCode": "ticket_closed",
        "pluginMessage": "This ticket is closed already.",
    }


@pytest.mark.parametrize("code", ["too_costly", "http_status", "plugin_error", "redirect"])
def test_a_code_that_reads_like_one_of_ours_stays_the_plugins(build: Build, serve: Serve, code: str) -> None:
    platform = platform_that_says(build, serve, "409 Conflict", {"error": {**CLOSED, "code": code}})
    problem = platform.agent.call().json()
    assert (problem["code"], problem["pluginCode"], "reason" in problem) == ("declined", code, False)


def test_the_row_of_a_decline_keeps_the_plugins_words_and_names_no_fault(build: Build, serve: Serve) -> None:
    platform = platform_that_says(build, serve, "409 Conflict", {"error": CLOSED})
    platform.agent.call()
    row = platform.row()
    assert (row.state, row.status, row.code, row.gate) == ("declined", 422, "declined", "business")
    assert (row.reason, row.detail, row.plugin_status) == ("ticket_closed", CLOSED["message"], 409)
    assert row.gate_trace[-2:] == [{"gate": "plugin_auth", "passed": True}, {"gate": "business", "passed": False}]
    assert search.last_failures(platform.organization, limit=6) == []


@pytest.mark.parametrize("status", ["400 Bad Request", "404 Not Found", "409 Conflict", "422 No", "499 Gone"])
def test_every_status_from_400_on_may_decline(build: Build, serve: Serve, status: str) -> None:
    platform = platform_that_says(build, serve, status, {"error": CLOSED})
    assert platform.agent.call().json()["pluginCode"] == "ticket_closed"


@pytest.mark.parametrize(
    "status",
    ["401 No", "403 No", "408 Slow", "429 Much", "500 Oops", "503 Later", "302 Found", "600 What"],
)
def test_a_status_about_the_call_itself_declines_nothing(build: Build, serve: Serve, status: str) -> None:
    platform = platform_that_says(build, serve, status, {"error": CLOSED})
    answer = platform.agent.call()
    assert (answer.status_code, answer.json()["code"]) == (502, "plugin_error")
    assert not {"pluginCode", "pluginMessage"} & set(answer.json())
    assert platform.row().state == "plugin_fault"


@pytest.mark.parametrize(
    "body",
    [
        {"error": CLOSED, "trace": SECRET, "status": 409},
        {"error": {**CLOSED, "data": [1, 2]}},
        {"error": {"code": "c", "message": "m"}},
        {"error": {"code": "c" * 64, "message": "Ürün kalmadı. " + "m" * 286}},
    ],
)
def test_further_members_of_a_decline_are_ignored(build: Build, serve: Serve, body: dict[str, Any]) -> None:
    platform = platform_that_says(build, serve, "409 Conflict", body)
    answer = platform.agent.call()
    assert answer.json()["pluginMessage"] == body["error"]["message"]
    assert SECRET not in answer.content.decode() + json.dumps(platform.row().response)


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"code": "", "message": "m"}},
        {"error": {"code": "c", "message": ""}},
        {"error": {"code": "c" * 65, "message": "m"}},
        {"error": {"code": "c", "message": "m" * 301}},
        {"error": {"code": 5, "message": "m"}},
        {"error": {"code": "c", "message": None}},
        {"error": {"code": "two\nlines", "message": "m"}},
        {"error": {"code": "c", "message": "a\u0000b"}},
        {"error": {"code": "c", "message": "a\u202eb"}},
        {"error": {"code": "c"}},
        {"error": "text"},
        {"errors": [CLOSED]},
        CLOSED,
        b'{"error": {"code": "c", "message": "m"}, "error": {"code": "c", "message": "m"}}',
        b'[{"error": {"code": "c", "message": "m"}}]',
        b"<html>404</html>",
        b"",
    ],
)
def test_another_shape_is_a_fault_of_the_plugin(build: Build, serve: Serve, body: Any) -> None:
    platform = platform_that_says(build, serve, "422 No", body)
    answer = platform.agent.call()
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (502, "plugin_error", "http_status")
    assert not {"pluginCode", "pluginMessage", "gate"} & set(answer.json())
    assert (platform.row().state, platform.row().plugin_status) == ("plugin_fault", 422)


@pytest.mark.parametrize(
    ("error", "found"),
    [
        ({"code": "leak", "message": f"The key is {SECRET}"}, {"kind": "secret", "pointer": "/error/message"}),
        ({"code": SECRET, "message": "No."}, {"kind": "secret", "pointer": "/error/code"}),
        ({"code": "known", "message": "0711 222 333 has one"}, {"kind": "phone", "pointer": "/error/message"}),
        ({"code": "711222333", "message": "No."}, {"kind": "phone", "pointer": "/error/code"}),
        ({"code": "x", "message": "at open (/srv/a.js:1:2)"}, {"kind": "stack_trace", "pointer": "/error/message"}),
    ],
)
def test_the_guard_holds_a_decline_back(build: Build, serve: Serve, error: dict[str, str], found: Any) -> None:
    platform = platform_that_says(build, serve, "409 Conflict", {"error": error})
    answer = platform.agent.call(conversation=CONVERSATION)
    assert (answer.status_code, answer.json()["code"]) == (502, "plugin_error")
    row = platform.row()
    assert row.diagnosis == {"heldBack": found}
    kept = answer.content.decode() + json.dumps([row.response, row.detail, row.reason, row.diagnosis])
    assert SECRET not in kept
    assert "711222333" not in kept
    assert "711 222 333" not in kept


def test_a_decline_claims_its_key_and_is_replayed_to_the_letter(build: Build, serve: Serve) -> None:
    plugin = serve(answers(fake_plugin_server.message(json.dumps({"error": CLOSED}).encode(), status="409 Conflict")))
    platform = build(plugin.url())
    headers = {"Idempotency-Key": "close-ticket-0000001"}
    first, second = (platform.agent.call(headers=headers) for _attempt in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(plugin.requests) == len(platform.rows()) == 1


def test_a_number_that_is_not_the_customers_is_hidden_in_the_log_alone(build: Build, serve: Serve) -> None:
    message = "Call +254 722 000 111 about it."
    platform = platform_that_says(build, serve, "422 No", {"error": {"code": "by_phone", "message": message}})
    assert platform.agent.call().json()["pluginMessage"] == message
    assert platform.row().detail == "Call [phone number hidden] about it."
