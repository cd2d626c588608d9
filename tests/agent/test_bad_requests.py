"""What the API refuses before any gate, and how it says so."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.forms.models import model_to_dict
from django.test import Client
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from kasilabs.lib.machine_api import problems
from kasilabs.logs.models import Call
from kasilabs.whatsapp import agent_keys, numbers
from tests.support.clock import StandingClock
from tests.support.factories import ACTOR
from tests.support.fake_plugin_server import FakePluginServer
from tests.support.platform import Platform

CALLS = "/agent/v1/calls"
GOOD = {"tool": "support_desk__create_support_ticket", "input": {"subject": "No invoice"}}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'{"tool": NaN}',
        b'{"tool": 1e309}',
        b'{"tool": "a", "tool": "b"}',
        b'\xef\xbb\xbf{"tool": "a"}',
        b'{"tool": "\xff"}',
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
    ],
)
def test_what_is_not_one_json_object_is_400_and_leaves_no_row(platform: Platform, raw: bytes) -> None:
    answer = platform.agent.post(raw)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")
    assert not Call.objects.exists()


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"tool": None}, "/tool", "type"),
        ({"tool": ""}, "/tool", "minLength"),
        ({"tool": "x" * 129}, "/tool", "maxLength"),
        ({"input": []}, "/input", "type"),
        ({"input": "text"}, "/input", "type"),
        ({"colour": 1}, "/colour", "additionalProperties"),
        ({"conversation": None}, "/conversation", "type"),
        ({"conversation": {"id": "a", "customer": None}}, "/conversation/customer", "type"),
        ({"conversation": {}}, "/conversation/id", "required"),
        ({"conversation": {"id": 5}}, "/conversation/id", "type"),
        ({"conversation": {"id": "a\nb"}}, "/conversation/id", "pattern"),
        ({"conversation": {"id": "a" * 129}}, "/conversation/id", "maxLength"),
        ({"conversation": {"id": "a", "customer": {}}}, "/conversation/customer", "minProperties"),
        ({"conversation": {"id": "a", "customer": {"phone": "0711222333"}}}, "/conversation/customer/phone", "pattern"),
        (
            {"conversation": {"id": "a", "customer": {"phone": "+254711222333\n"}}},
            "/conversation/customer/phone",
            "pattern",
        ),
        (
            {"conversation": {"id": "a", "customer": {"phone": "+٢٥٤٧١١٢٢٢٣٣٣"}}},
            "/conversation/customer/phone",
            "pattern",
        ),
        ({"conversation": {"id": "a", "customer": {"userId": "x"}}}, "/conversation/customer/userId", "pattern"),
        (
            {"conversation": {"id": "a", "lastCustomerMessageAt": "today"}},
            "/conversation/lastCustomerMessageAt",
            "format",
        ),
        (
            {"conversation": {"id": "a", "lastCustomerMessageAt": "2026-02-31T00:00:00Z"}},
            "/conversation/lastCustomerMessageAt",
            "format",
        ),
        (
            {"conversation": {"id": "a", "lastCustomerMessageAt": "0001-01-01T00:00:00+14:00"}},
            "/conversation/lastCustomerMessageAt",
            "format",
        ),
    ],
)
def test_wrong_members_are_422_with_a_pointer(
    platform: Platform, changes: dict[str, Any], pointer: str, code: str
) -> None:
    answer = platform.agent.post({**GOOD, **changes})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["gate"]) == (422, "invalid_input", "input_schema")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]


def test_a_missing_member_is_required(platform: Platform) -> None:
    errors = platform.agent.post({}).json()["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/tool", "required"), ("/input", "required")]


def test_wrong_members_leave_a_row_that_keeps_no_phone(platform: Platform) -> None:
    platform.agent.post({**GOOD, "conversation": {"id": "+254711222333", "customer": {"phone": "0711222333"}}})
    row = platform.row()
    assert (row.state, row.gate, row.code) == ("refused", "input_schema", "invalid_input")
    assert "711222333" not in json.dumps(row.request)
    assert row.gate_trace == [{"gate": "number", "passed": True}, {"gate": "input_schema", "passed": False}]


@pytest.mark.parametrize(
    "changes",
    [
        {"conversation": {"customer": {"phone": "+254711222333"}}},
        {"conversation": {"id": 7, "customer": {"phone": "+254711222333"}}},
        {"conversation": {"id": "a", "customer": {"phone": 254711222333}}},
        {"conversation": {"id": "a", "customer": {"phone": 254711222333.0}}},
        {"conversation": {"id": "a", "customer": {"phone": "+254 (711) 222-333"}}},
        {"conversation": {"id": "a", "customer": {"phone": "00254711222333"}}},
        {"conversation": {"id": "a", "customer": {"phone": "0711 222 333"}}},
        {"conversation": {"id": "a", "customer": {"phone": "+٢٥٤٧١١٢٢٢٣٣٣"}}},
        {"conversation": {"id": "a", "customer": {"phone": ["254700000141", "254711222333"]}}},
        {"conversation": {"id": "a", "customer": {"phone": "254700000141 254711222333"}}},
        {"conversation": {"id": "a", "customer": "tel:+254711222333"}},
        {"conversation": {"id": "a", "customer": [{"phone": "254711222333"}]}},
        {"conversation": {"id": "a", "customer": {"254711222333": True}}},
        {"conversation": {"id": {"phone": "254711222333"}}},
        {"conversation": {"id": "254711222333@c.us", "phone": "254711222333"}},
        {"conversation": "254711222333"},
        {"conversation": [254711222333]},
        {"phone": "254711222333"},
        {"+254711222333": {}},
        {"conversation": [f"2547000{number:05}" for number in range(100)] + ["254711222333"]},
    ],
)
def test_a_phone_number_hides_wherever_a_malformed_body_says_it(platform: Platform, changes: dict[str, Any]) -> None:
    given = {"subject": "for 0711222333", "note": "+254711222333", "number": 254711222333}
    answer = platform.agent.post({"tool": "call_711222333", "input": given, **changes})
    assert (answer.status_code, platform.row().code) == (422, "invalid_input")
    assert "711222333" not in json.dumps(model_to_dict(platform.row()), default=str)


def test_the_shortest_number_there_is_hides_as_well(platform: Platform) -> None:
    about = {"conversation": {"customer": {"phone": "+29071234"}}}
    platform.agent.post({"tool": "x", "input": {"subject": "29071234"}, **about})
    assert "29071234" not in json.dumps(platform.row().request)


def test_what_a_malformed_body_asks_for_is_kept(platform: Platform) -> None:
    platform.agent.post({**GOOD, "conversation": {"id": "a", "lastCustomerMessageAt": "2026-11-03"}})
    assert platform.row().request == GOOD


@pytest.mark.parametrize(
    "key", ["short", "k" * 15, "k" * 129, "k" * 15 + "é", '"' + "k" * 16 + '"', "k" * 16 + " x", ""]
)
def test_a_malformed_idempotency_key_is_400(platform: Platform, key: str) -> None:
    answer = platform.agent.call(headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
    assert not Call.objects.exists()


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", ""])
def test_another_content_type_is_415(platform: Platform, content_type: str) -> None:
    answer = platform.agent.post(GOOD, **{"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert not Call.objects.exists()


def test_a_large_body_is_413_before_anything_reads_it(platform: Platform) -> None:
    answer = platform.agent.post(b" " * 65_537)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/agent/v1/nothing", 404, "not_found"),
        ("get", "/agent/", 404, "not_found"),
        ("get", "/agent", 404, "not_found"),
        ("get", "/agent/v1", 404, "not_found"),
        ("get", "/agent/v1/", 404, "not_found"),
        ("get", "/agent/v1/tools/", 404, "not_found"),
        ("post", "/agent/v1/calls/", 404, "not_found"),
        ("get", "/agent//v1/tools", 404, "not_found"),
        ("get", "http://testserver//agent/v1/tools", 404, "not_found"),
        ("get", "/schemas", 404, "not_found"),
        ("get", "/schemas/manifest-v1.json/", 404, "not_found"),
        ("get", "/bridges/v1", 404, "not_found"),
        ("get", "/schemas/other.json", 404, "not_found"),
        ("delete", "/agent/v1/tools", 405, "method_not_allowed"),
        ("get", "/agent/v1/instance/", 404, "not_found"),
        ("get", "/agent/v1/instance", 401, "invalid_key"),
        ("post", "/agent/v1/instance", 405, "method_not_allowed"),
        ("get", "/agent/v1/calls", 405, "method_not_allowed"),
        ("put", "/schemas/manifest-v1.json", 405, "method_not_allowed"),
        ("post", "/schemas/manifest-v1.json", 405, "method_not_allowed"),
        ("post", "/healthz", 405, "method_not_allowed"),
        ("post", "/readyz", 405, "method_not_allowed"),
    ],
)
def test_every_error_of_the_machine_api_is_a_problem(db: None, method: str, path: str, status: int, code: str) -> None:
    answer = getattr(Client(enforce_csrf_checks=True), method)(path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert answer["X-Request-Id"]


PARTS = st.sampled_from(
    ["agent", "bridges", "schemas", "v1", "tools", "calls", "manifest-v1.json", "", ".", "..", "%2F"]
)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X")


@given(
    st.sampled_from(METHODS),
    st.sampled_from(problems.ROOTS),
    st.lists(PARTS | st.text(max_size=8), max_size=4),
    st.sampled_from(["/", "//", "/./"]),
)
@example("GET", "/agent", ["v1", ""], "/")
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_stands_below_the_machine_api_is_json(
    db: None, method: str, root: str, parts: list[str], slash: str
) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, quote(slash.join([root, *parts]), safe="/%"))
    content_type = answer["Content-Type"]
    assert (answer.status_code >= 400) == (content_type == "application/problem+json"), answer.status_code
    assert answer.status_code >= 400 or content_type in {"application/json", "application/schema+json"}
    assert not 300 <= answer.status_code < 400


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer x", "Basic abc", "Bearer kla_aaaaaaaa_" + "x" * 43, "Bearer kla_ÄÄÄÄÄÄÄÄ_" + "x" * 43],
)
def test_a_bad_key_is_401_with_one_text(db: None, header: str) -> None:
    answer = Client().post(CALLS, b"{", content_type="application/json", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
    assert answer.json()["detail"] == "The agent key is not valid."
    assert not Call.objects.exists()


def test_a_revoked_key_is_401(platform: Platform) -> None:
    agent_keys.revoke(key=platform.legal.agent_keys.get(), actor=ACTOR)
    assert platform.agent.get().status_code == 401


def ask_with_a_bad_key(address: str = "127.0.0.1") -> Any:
    bad = {"Authorization": "Bearer kla_aaaaaaaa_" + "x" * 43}
    return Client(REMOTE_ADDR=address).get("/agent/v1/tools", headers=bad)


def test_failed_keys_are_limited_per_address_and_a_good_key_still_works(
    platform: Platform, limits_clock: StandingClock
) -> None:
    assert [ask_with_a_bad_key().status_code for _ in range(22)] == [401] * 20 + [429] * 2
    assert ask_with_a_bad_key("192.0.2.2").status_code == 401
    assert platform.agent.get().status_code == 200
    assert ask_with_a_bad_key()["Retry-After"] == "60"


def test_who_goes_on_asking_with_a_bad_key_is_told_so_again_after_the_minute(
    db: None, limits_clock: StandingClock
) -> None:
    for _ in range(60):
        ask_with_a_bad_key()
        limits_clock.advance(timedelta(seconds=1))
    assert [ask_with_a_bad_key().status_code for _ in range(21)] == [401] * 20 + [429]


def test_one_network_of_ipv6_is_one_address(db: None, limits_clock: StandingClock) -> None:
    assert [ask_with_a_bad_key(f"2001:db8:1:2::{number}").status_code for number in range(21)] == [401] * 20 + [429]
    assert ask_with_a_bad_key("2001:db8:1:3::1").status_code == 401


def test_the_state_of_the_number_comes_before_the_body(platform: Platform, plugin: FakePluginServer) -> None:
    numbers.suspend(instance=platform.legal, actor=ACTOR)
    agent = platform.agent
    answers = [
        agent.post(b"{"),
        agent.post({}),
        agent.get(),
        agent.call(),
        agent.call(headers={"Idempotency-Key": "x"}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["gate"]) == (403, "number")
    assert {(row.gate, len(row.gate_trace)) for row in platform.rows()} == {("number", 1)}
    assert len(platform.rows()) == 3
    assert plugin.requests == []


def test_an_inbound_request_id_is_kept_only_in_the_agreed_form(platform: Platform) -> None:
    good, bad = "abcdefgh-12345678", "bad id\twith spaces"
    assert platform.agent.get(**{"X-Request-Id": good})["X-Request-Id"] == good
    assert platform.agent.get(**{"X-Request-Id": bad})["X-Request-Id"] != bad
    platform.agent.call(headers={"X-Request-Id": good})
    assert platform.row().request_id == good
