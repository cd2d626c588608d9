"""A stranger's schema and a stranger's value: what their check costs is bounded before it begins."""

import json
from typing import Any

from kasilabs.calls.call import call_tool
from kasilabs.calls.tool_call import ToolCall
from tests.support import fake_plugin_server
from tests.support.fake_plugin_server import FakePluginServer, answers
from tests.support.platform import Build, Serve

MANY = {
    "type": "object",
    "properties": {"lines": {"type": "array", "items": {"required": [f"n{number}" for number in range(900)]}}},
}
TOWN = {
    "type": "object",
    "properties": {"subject": {"type": "string"}, "town": {"type": "string", "default": None}},
    "additionalProperties": False,
}
LINES: dict[str, Any] = {"lines": [{}] * 9_000}


def test_input_that_costs_too_much_is_refused_with_one_error(build: Build, plugin: FakePluginServer) -> None:
    platform = build(plugin.url(), tool={"inputSchema": MANY})
    answer = platform.agent.call(input=LINES)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["gate"]) == (422, "invalid_input", "input_schema")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/input", "too_costly")]
    assert plugin.requests == []


def test_an_answer_that_costs_too_much_is_no_valid_response(build: Build, serve: Serve) -> None:
    raw = json.dumps(LINES, separators=(",", ":")).encode()
    platform = build(serve(answers(fake_plugin_server.message(raw))).url(), tool={"outputSchema": MANY})
    answer = platform.agent.call()
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
        502,
        "invalid_response",
        "too_costly",
    )
    row = platform.row()
    assert (row.state, row.reason, row.gate) == ("plugin_fault", "too_costly", "response")


def test_what_the_gates_take_is_time_of_the_call(build: Build, plugin: FakePluginServer) -> None:
    platform = build(plugin.url(), tool={"timeoutSeconds": 30, "inputSchema": TOWN})
    call = ToolCall(platform.legal, "support_desk__create_support_ticket", {"subject": "x"})
    call.began -= 31
    assert call_tool(call).code == "plugin_timeout"
    assert plugin.requests == []


def test_of_a_thousand_faults_the_agent_gets_the_first(build: Build, plugin: FakePluginServer) -> None:
    line = {"type": "object", "required": [f"field{number}" for number in range(8)]}
    rules: dict[str, Any] = {"type": "object", "properties": {"lines": {"type": "array", "items": line}}}
    platform = build(plugin.url(), tool={"inputSchema": rules})
    errors = platform.agent.call(input={"lines": [{}] * 15_000}).json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/input/lines/0/field0", "required")]
    assert len(platform.agent.call(input={"lines": [{}] * 9}).json()["errors"]) == 72
    assert plugin.requests == []


def test_an_optional_member_sent_as_null_counts_as_not_sent(build: Build, plugin: FakePluginServer) -> None:
    platform = build(plugin.url(), tool={"inputSchema": TOWN})
    assert platform.agent.call(input={"subject": "x", "town": None}).status_code == 200
    assert json.loads(plugin.requests[0].partition(b"\r\n\r\n")[2])["input"] == {"subject": "x"}
    errors = platform.agent.call(input={"subject": "x", "city": None}).json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/input/city", "additionalProperties")]


def test_a_null_that_is_left_out_still_makes_another_request(build: Build, plugin: FakePluginServer) -> None:
    platform = build(plugin.url(), tool={"inputSchema": TOWN})
    key = {"Idempotency-Key": "1234567890abcdef"}
    first = platform.agent.call(input={"subject": "x", "town": None}, headers=key)
    assert platform.agent.call(input={"subject": "x", "town": None}, headers=key).json() == first.json()
    other = platform.agent.call(input={"subject": "x"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
