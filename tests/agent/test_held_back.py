"""Why an answer was not passed on: the operator is told, the agent is not."""

import json
from typing import Any

import pytest

from tests.support import fake_plugin_server
from tests.support.fake_plugin_server import Behaviour, answers, answers_once, drips
from tests.support.platform import PHONE, SECRET, Build, Platform, Serve

CONVERSATION = {"id": "chat-1", "customer": {"phone": PHONE}}
ORDER = {
    "type": "object",
    "properties": {"id": {"type": "integer"}, "total": {"type": "number"}, "lines": {"type": "array"}},
    "required": ["id"],
    "additionalProperties": False,
}


def called(build: Build, serve: Serve, behaviour: Behaviour, **tool: Any) -> tuple[dict[str, Any], Platform]:
    """The problem that an agent gets of a plugin that answers like this, and the platform."""
    platform = build(serve(behaviour).url(), tool=tool or None)
    answer = platform.agent.call(conversation=CONVERSATION)
    return answer.json(), platform


def says(body: bytes, *fields: str, status: str = "200 OK") -> Behaviour:
    return answers(fake_plugin_server.message(body, *fields, status=status))


@pytest.mark.parametrize(
    ("body", "found", "sentence"),
    [
        (
            b'{"id":"12","total":3}',
            {"keyword": "type", "pointer": "/id"},
            "At /id, keyword type: This must be a whole number.",
        ),
        (
            b'{"total":3}',
            {"keyword": "required", "pointer": "/id"},
            "At /id, keyword required: This is required.",
        ),
        (
            b'{"id":1,"a/b":3}',
            {"keyword": "additionalProperties", "pointer": "/a~1b"},
            "At /a~1b, keyword additionalProperties: This name is not known here.",
        ),
    ],
)
def test_a_wrong_member_is_named_with_its_keyword(
    build: Build, serve: Serve, body: bytes, found: dict[str, str], sentence: str
) -> None:
    problem, platform = called(build, serve, says(body), outputSchema=ORDER)
    row = platform.row()
    assert (problem["code"], row.reason) == ("invalid_response", "output_schema")
    assert row.diagnosis == {"schema": {**found, "message": sentence.partition(": ")[2]}}
    assert row.finding == sentence
    assert not {"errors", "pointer", "heldBack"} & set(problem)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b'\xef\xbb\xbf{"status":"ok"}', "Line 1: Leave out the byte order mark at the start."),
        (b'{"a":1,"a":2}', "At /a: This name stands twice in the same object."),
        (b'{"f":1e400}', "A number is too large."),
        (b'{"a":1,\n\n"b"}', "Line 3: This is not valid JSON."),
        (b"[1, 2]", "Line 1: This must be one JSON object."),
        (b'{"a": "\xff"}', "Line 1: This is not UTF-8 text."),
    ],
)
def test_what_is_not_json_is_named_in_the_parsers_words(build: Build, serve: Serve, body: bytes, sentence: str) -> None:
    problem, platform = called(build, serve, says(body))
    assert platform.row().finding == sentence
    assert problem["detail"].startswith("The plugin's answer is not one JSON object. ")
    assert sentence not in json.dumps(problem)


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("/hook/", "127.0.0.1:{port}"),
        ("https://desk.example/new?key=" + SECRET, "desk.example"),
        ("https://user:" + SECRET + "@desk.example:8443/new", "desk.example:8443"),
        ("//desk.example", "desk.example"),
        (f"https://{PHONE.removeprefix('+')}.example/", "[phone number hidden].example"),
        (f"https://{SECRET}.example/", "[secret hidden]"),
        ("https://[::1", ""),
        ("https://desk.example:99999/", "desk.example:99999"),
        ("", ""),
    ],
)
def test_the_host_of_a_redirect_is_named(build: Build, serve: Serve, location: str, host: str) -> None:
    plugin = serve(says(b"", f"Location: {location}", status="307 Temporary Redirect"))
    platform = build(plugin.url())
    problem = platform.agent.call(conversation=CONVERSATION).json()
    row = platform.row()
    assert (problem["reason"], row.diagnosis) == ("redirect", {"redirect": {"host": host.format(port=plugin.port)}})
    assert "desk.example" not in json.dumps(problem)
    assert SECRET not in json.dumps(row.diagnosis)


def test_a_redirect_without_a_location_says_so(build: Build, serve: Serve) -> None:
    _problem, platform = called(build, serve, says(b"", status="304 Not Modified"))
    assert platform.row().finding == "The redirect does not say where to."


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"deep": [{"note": f"the key is {SECRET}"}]}, {"kind": "secret", "pointer": "/deep/0/note"}),
        ({"deep": {SECRET: 1}}, {"kind": "secret", "pointer": "/deep/[secret hidden]"}),
        ({"phone": "0711 222-333"}, {"kind": "phone", "pointer": "/phone"}),
        ({"0711/222/333": "x"}, {"kind": "phone", "pointer": "/[phone number hidden]"}),
        ({"log": "goroutine 1 [running]:\nmain.main()"}, {"kind": "stack_trace", "pointer": "/log"}),
        ({"token": "eyJ0eXAiOiJ0b29sLWNhbGwrand0In0.e30.c2ln"}, {"kind": "token", "pointer": "/token"}),
    ],
)
def test_what_the_guard_found_is_named_with_its_kind_and_place(
    build: Build, serve: Serve, body: dict[str, Any], found: dict[str, str]
) -> None:
    problem, platform = called(build, serve, says(json.dumps(body).encode()))
    row = platform.row()
    assert (problem["code"], row.diagnosis) == ("unsafe_response", {"heldBack": found})
    assert "heldBack" not in problem
    assert found["pointer"] not in json.dumps(problem)


def test_a_very_long_name_is_cut_in_the_pointer(build: Build, serve: Serve) -> None:
    _problem, platform = called(build, serve, says(json.dumps({"n" * 50_000: SECRET}).encode()))
    pointer = f"/{'n' * 300}… and 49700 more characters"
    assert platform.row().diagnosis == {"heldBack": {"kind": "secret", "pointer": pointer}}


def chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    ("behaviour", "sentence", "counted"),
    [
        (says(b'{"a": "' + b"x" * 70_000 + b'"}'), "It has 68.4\u00a0KB.", 70_009),
        (
            answers_once(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{}"),
            "It has 93.1\u00a0GB.",
            2_147_483_647,
        ),
        (answers_once(chunked(b"x" * 70_000)), "It has more than 64.0\u00a0KB.", None),
        (says(b"x" * 20, "Content-Encoding: gzip"), "Its encoding is gzip, and it has 20\u00a0bytes.", 20),
    ],
)
def test_how_large_an_answer_was_is_named(
    build: Build, serve: Serve, behaviour: Behaviour, sentence: str, counted: int | None
) -> None:
    problem, platform = called(build, serve, behaviour)
    row = platform.row()
    assert (problem["code"], row.finding, row.response_bytes) == ("invalid_response", sentence, counted)
    assert row.plugin_status == 200


@pytest.mark.parametrize(("status", "gate"), [("401 No", "plugin_auth"), ("503 Later", None)])
def test_a_large_page_beside_an_error_is_judged_by_its_status(
    build: Build, serve: Serve, status: str, gate: str | None
) -> None:
    problem, platform = called(build, serve, says(b"<p>" * 40_000, "Content-Encoding: gzip", status=status))
    assert (problem["code"], problem["reason"], problem.get("gate")) == ("plugin_error", "http_status", gate)
    assert (platform.row().plugin_status, platform.row().response_bytes) == (int(status[:3]), 120_000)


@pytest.mark.parametrize(
    ("behaviour", "reached"),
    [
        (says(b"{}"), {"plugin_auth": True, "business": True, "response": True}),
        (says(b"[]"), {"plugin_auth": True, "business": True, "response": False}),
        (says(b"", status="401 No"), {"plugin_auth": False}),
        (says(b"", status="503 Later"), {"plugin_auth": True}),
        (says(b"", status="302 Found"), {"plugin_auth": True}),
        (says(b"no JSON", status="404 No"), {"plugin_auth": True}),
        (says(b'{"error": {"code": "c", "message": "m"}}', status="404 No"), {"plugin_auth": True, "business": False}),
    ],
)
def test_the_gates_that_the_plugin_answered_read_as_reached(
    build: Build, serve: Serve, behaviour: Behaviour, reached: dict[str, bool]
) -> None:
    _problem, platform = called(build, serve, behaviour)
    trace = {each["gate"]: each["passed"] for each in platform.row().gate_trace}
    assert {gate: trace[gate] for gate in ("plugin_auth", "business", "response") if gate in trace} == reached
    assert trace["input_schema"]


def test_a_plugin_that_drips_has_looked_at_the_token_and_no_more(build: Build, serve: Serve) -> None:
    drip = drips(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", b"x" * 60_000)
    problem, platform = called(build, serve, drip, timeoutSeconds=1)
    row = platform.row()
    assert (problem["code"], row.reason, row.plugin_status) == ("plugin_timeout", "timeout", 200)
    assert row.response_bytes is None
    assert row.gate_trace[-1] == {"gate": "plugin_auth", "passed": True}


def test_a_plugin_that_never_answered_has_judged_nothing(build: Build, serve: Serve) -> None:
    plugin = serve(says(b"{}"))
    platform = build(plugin.url())
    plugin.stop()
    platform.agent.call()
    assert platform.row().gate_trace[-1] == {"gate": "concurrency", "passed": True}


def test_an_input_that_breaks_the_schema_is_named_in_the_row_as_well(build: Build, serve: Serve) -> None:
    platform = build(serve(says(b"{}")).url())
    platform.agent.call(input={"subject": "No"})
    row = platform.row()
    assert (row.state, row.reason) == ("refused", "invalid_input")
    assert row.finding == "At /input/subject, keyword minLength: Use at least 3 characters."


LOOK_FIRST = "It may have done its work: look what happened before you call it again."
NOT_NOW = "Say that this does not work right now, and look what happened before you try again."


@pytest.mark.parametrize(
    ("behaviour", "fact", "advice"),
    [
        (says(b"", status="503 Later"), "The plugin answered with an error.", NOT_NOW),
        (
            says(b"", status="307 Elsewhere"),
            "The plugin answered with a redirect, which is never followed.",
            "Go on without this tool.",
        ),
        (says(b"[]"), "The plugin's answer is not one JSON object.", LOOK_FIRST),
        (
            answers_once(chunked(b"x" * 70_000)),
            "The plugin's answer is larger than 64 KiB.",
            "Ask for less at a time; what the call was to change may be done.",
        ),
        (
            says(json.dumps({"note": SECRET}).encode()),
            "The plugin's answer was held back because it contained something private.",
            LOOK_FIRST,
        ),
        (answers_once(b""), "The plugin cannot be reached.", LOOK_FIRST),
    ],
)
def test_the_agent_is_told_what_to_do_next(
    build: Build, serve: Serve, behaviour: Behaviour, fact: str, advice: str
) -> None:
    problem, platform = called(build, serve, behaviour)
    assert problem["detail"] == f"{fact} {advice}"
    assert platform.row().detail == fact


def test_a_refusal_tells_the_agent_to_go_on_without_the_tool(build: Build, serve: Serve) -> None:
    platform = build(serve(says(b"{}")).url())
    refused, unknown = platform.other_agent.call(), platform.agent.call("support_desk__fly")
    assert refused.json()["detail"] == "Support Desk is not granted to Billing Support. Go on without this tool."
    assert unknown.json()["detail"] == "This number has no tool of this name. Call the tools of the list alone."
    assert [row.detail for row in platform.rows()] == [
        "Support Desk is not granted to Billing Support.",
        "This number has no tool of this name.",
    ]
