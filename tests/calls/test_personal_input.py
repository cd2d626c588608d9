"""A customer's phone number in the input: told where the schema marks the place, else masked, else refused."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kasilabs.logs.models import Call
from kasilabs.whatsapp.models import Conversation, Customer
from tests.support.fake_plugin_server import FakePluginServer, answers, message
from tests.support.platform import PHONE, Build, Platform, Serve

DIGITS = PHONE.removeprefix("+")
CONVERSATION = {"id": "chat-1", "customer": {"phone": PHONE}}
MARKED = {"type": "string", "x-personal": "phone"}
TEXT = {"type": "string"}
MASK = "[phone hidden]"


@pytest.fixture
def plugin(serve: Serve) -> FakePluginServer:
    return serve(answers(message(b'{"status": "ok"}')))


def desk(build: Build, plugin: FakePluginServer, **schema: Any) -> Platform:
    return build(plugin.url(), tool={"inputSchema": {"type": "object", **schema}})


def told(plugin: FakePluginServer) -> Any:
    """The input that reached the plugin last."""
    return json.loads(plugin.requests[-1].partition(b"\r\n\r\n")[2])["input"]


FORMS = [
    PHONE,
    DIGITS,
    "0711222333",
    "711 222 333",
    "+254 (711) 222-333",
    "٠٧١١٢٢٢٣٣٣",
    "2547&#49;1222333",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_phone_number_reaches_the_plugin_only_where_the_schema_marks_it(
    build: Build, plugin: FakePluginServer, form: str
) -> None:
    platform = desk(build, plugin, properties={"number": MARKED, "note": TEXT})
    answer = platform.agent.call(conversation=CONVERSATION, input={"number": form, "note": form}).json()
    assert told(plugin) == {"number": form, "note": MASK}
    assert answer["masked"] == ["/input/note"] == platform.row().masked
    assert platform.row().request["input"] == {"number": {"$hidden": "phone number hidden"}, "note": MASK}


def test_the_words_around_a_masked_number_reach_the_plugin(build: Build, plugin: FakePluginServer) -> None:
    platform = desk(build, plugin)
    given = {
        "list": [f"Call {PHONE}, or 0711 222 333.", "nothing"],
        "deep": {"a/b": int(DIGITS)},
        "other": "+254700000999",
    }
    answer = platform.agent.call(conversation=CONVERSATION, input=given).json()
    assert told(plugin) == {
        "list": [f"Call {MASK}, or {MASK}.", "nothing"],
        "deep": {"a/b": MASK},
        "other": "+254700000999",
    }
    assert answer["masked"] == ["/input/list/0", "/input/deep/a~1b"]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"to": {"$ref": "#/$defs/phone%20number"}}, "$defs": {"phone number": MARKED}},
        {"properties": {"to": {"anyOf": [{"type": "integer"}, MARKED]}}},
        {"properties": {"to": {"if": {"maxLength": 3}, "else": {"x-personal": "phone"}}}},
        {"properties": {"to": {"allOf": [TEXT, {"oneOf": [MARKED]}]}}},
        {"additionalProperties": MARKED},
        {"patternProperties": {"^t": MARKED}},
        {"properties": {"to": {}}, "dependentSchemas": {"to": {"properties": {"to": MARKED}}}},
    ],
)
def test_a_mark_counts_on_every_schema_that_applies_at_the_place(
    build: Build, plugin: FakePluginServer, schema: dict[str, Any]
) -> None:
    answer = desk(build, plugin, **schema).agent.call(conversation=CONVERSATION, input={"to": PHONE}).json()
    assert told(plugin) == {"to": PHONE}
    assert "masked" not in answer


def test_a_mark_counts_for_the_items_it_stands_on(build: Build, plugin: FakePluginServer) -> None:
    people = {"type": "array", "prefixItems": [TEXT], "items": {"properties": {"phone": MARKED}}}
    platform = desk(build, plugin, properties={"people": people})
    given = {"people": [PHONE, {"phone": PHONE, "name": PHONE}]}
    answer = platform.agent.call(conversation=CONVERSATION, input=given).json()
    assert told(plugin) == {"people": [MASK, {"phone": PHONE, "name": MASK}]}
    assert answer["masked"] == ["/input/people/0", "/input/people/1/name"]


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"to": {"not": {"type": "integer", "x-personal": "phone"}}}},
        {"properties": {"to": {"type": "string", "x-personal": "name"}}},
        {"properties": {"to": TEXT}, "x-personal": "phone"},
        {"properties": {"to": TEXT}, "$defs": {"to": MARKED}},
    ],
)
def test_a_mark_elsewhere_opens_nothing(build: Build, plugin: FakePluginServer, schema: dict[str, Any]) -> None:
    platform = desk(build, plugin, **schema)
    assert platform.agent.call(conversation=CONVERSATION, input={"to": PHONE}).json()["masked"] == ["/input/to"]
    assert told(plugin) == {"to": MASK}


@pytest.mark.parametrize(
    ("schema", "value", "pointer"),
    [
        ({"type": "integer"}, int(DIGITS), "/input/to"),
        ({"type": "number"}, float(DIGITS), "/input/to"),
        ({"type": "string", "pattern": r"^\+\d+$"}, PHONE, "/input/to"),
        ({"type": "string", "format": "email"}, f"{DIGITS}@example.com", "/input/to"),
        ({"enum": [PHONE, "none"]}, PHONE, "/input/to"),
        ({"type": "string", "maxLength": 13}, PHONE, "/input/to"),
        ({"type": "string", "minLength": 16}, "+254 711 222 333", "/input/to"),
        ({"type": "array", "items": TEXT, "uniqueItems": True}, [PHONE, DIGITS], "/input/to/0"),
        ({"type": "object"}, {DIGITS: "x"}, f"/input/to/{DIGITS}"),
        ({"type": "object", "additionalProperties": MARKED}, {DIGITS: PHONE}, f"/input/to/{DIGITS}"),
    ],
)
def test_a_number_that_cannot_be_masked_is_refused(
    build: Build, plugin: FakePluginServer, schema: dict[str, Any], value: Any, pointer: str
) -> None:
    platform = desk(build, plugin, properties={"to": schema})
    answer = platform.agent.call(conversation=CONVERSATION, input={"to": value})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["gate"]) == (422, "invalid_input", "input_schema")
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, "personal")
    assert (plugin.requests, Customer.objects.count(), Conversation.objects.count()) == ([], 0, 0)
    row = platform.row()
    assert (row.state, row.conversation_id, row.customer_id, row.alias, row.masked) == ("refused", None, None, "", [])
    assert "711" not in json.dumps([row.request, row.diagnosis])


def test_a_number_the_plugin_was_told_may_come_back(build: Build, serve: Serve) -> None:
    plugin = serve(answers(message(b'{"message": "We will call +254 711-222-333."}')))
    platform = desk(build, plugin, properties={"number": MARKED, "note": TEXT})
    answer = platform.agent.call(conversation=CONVERSATION, input={"number": "0711222333"})
    assert answer.json()["output"] == {"message": "We will call +254 711-222-333."}
    assert platform.row().response == {"message": "We will call [phone number hidden]."}
    for withheld in ({"note": PHONE}, {}, {"number": "+254700000999"}):
        assert platform.agent.call(conversation=CONVERSATION, input=withheld).json()["code"] == "unsafe_response"


def test_a_second_number_that_was_not_told_is_still_held_back(build: Build, serve: Serve) -> None:
    plugin = serve(answers(message(b'{"numbers": ["+254711222333", "+254722333444"]}')))
    platform = desk(build, plugin, properties={"number": MARKED})
    conversation = {**CONVERSATION, "id": "whatsapp:+254722333444"}
    answer = platform.agent.call(conversation=conversation, input={"number": PHONE})
    assert answer.json()["code"] == "unsafe_response"
    assert platform.row().diagnosis == {"heldBack": {"kind": "phone", "pointer": "/numbers/1"}}


def test_a_replay_names_what_was_masked_too(build: Build, plugin: FakePluginServer) -> None:
    platform = desk(build, plugin)
    call: dict[str, Any] = {
        "conversation": CONVERSATION,
        "input": {"note": PHONE},
        "headers": {"Idempotency-Key": "0123456789abcdef"},
    }
    first, again = platform.agent.call(**call), platform.agent.call(**call)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert (again.json()["masked"], len(plugin.requests)) == (["/input/note"], 1)


def test_a_problem_names_what_was_masked_too(build: Build, serve: Serve) -> None:
    platform = desk(build, serve(answers(message(b"{}", status="503 Later"))))
    problem = platform.agent.call(conversation=CONVERSATION, input={"note": PHONE}).json()
    assert (problem["code"], problem["masked"]) == ("plugin_error", ["/input/note"])


def test_the_number_of_a_customer_who_is_known_by_a_user_id_is_masked(build: Build, plugin: FakePluginServer) -> None:
    platform = desk(build, plugin)
    both = {"id": "chat-1", "customer": {"phone": PHONE, "userId": "KE.abc"}}
    platform.agent.call(conversation=both, input={})
    for conversation in ({"id": "chat-2", "customer": {"userId": "KE.abc"}}, {"id": "chat-1"}):
        platform.agent.call(conversation=conversation, input={"note": "0711222333"})
        assert told(plugin) == {"note": MASK}


@pytest.mark.parametrize(
    ("external_id", "note"),
    [
        (f"{DIGITS}@s.whatsapp.net", MASK),
        ("254 711 222 333", MASK),
        (f"wa-{DIGITS}", MASK),
        (f"chat-{DIGITS}", DIGITS),
        (f"order-{DIGITS}", DIGITS),
        (f"{DIGITS}@lid", DIGITS),
    ],
)
def test_a_conversation_without_customer_masks_only_the_number_its_id_names(
    build: Build, plugin: FakePluginServer, external_id: str, note: str
) -> None:
    desk(build, plugin).agent.call(conversation={"id": external_id}, input={"note": DIGITS})
    assert told(plugin) == {"note": note}


def test_the_number_of_the_shop_itself_is_not_masked(build: Build, serve: Serve) -> None:
    platform = desk(build, plugin := serve(answers(message(b'{"status": "ok"}'))))
    own = platform.legal.number
    platform.agent.call(conversation={"id": f"whatsapp:{own}:whatsapp:{PHONE}"}, input={"note": f"{own} {PHONE}"})
    assert told(plugin) == {"note": f"{own} {MASK}"}


def test_a_refused_call_of_a_customer_known_by_a_user_id_hides_their_number(
    build: Build, plugin: FakePluginServer
) -> None:
    platform = desk(build, plugin, properties={"note": {"type": "string", "maxLength": 20}})
    both = {"id": "chat-1", "customer": {"phone": PHONE, "userId": "KE.abc"}}
    platform.agent.call(conversation=both, input={})
    again = {"id": "chat-2", "customer": {"userId": "KE.abc"}}
    answer = platform.agent.call(conversation=again, input={"note": "Please call 0711 222 333"})
    assert answer.json()["errors"][0]["code"] == "maxLength"
    assert platform.rows()[-1].request["input"] == {"note": "Please call [phone number hidden]"}


def test_a_call_outside_a_conversation_is_told_as_it_is(build: Build, plugin: FakePluginServer) -> None:
    desk(build, plugin).agent.call(input={"note": PHONE})
    assert told(plugin) == {"note": PHONE}


def test_masking_costs_no_statement(build: Build, plugin: FakePluginServer) -> None:
    platform = desk(build, plugin)
    platform.agent.call(conversation=CONVERSATION, input={})
    with CaptureQueriesContext(connection) as queries:
        platform.agent.call(conversation=CONVERSATION, input={"note": PHONE})
    statements = [each["sql"] for each in queries.captured_queries if each["sql"].split()[0] not in {"BEGIN", "COMMIT"}]
    assert len(statements) == 6


def test_an_input_of_nothing_but_numbers_names_the_first_hundred_places(build: Build, plugin: FakePluginServer) -> None:
    platform = desk(build, plugin)
    answer = platform.agent.call(conversation=CONVERSATION, input={"numbers": [PHONE] * 3000}).json()
    assert (len(answer["masked"]), answer["masked"][-1]) == (100, "/input/numbers/99")
    assert told(plugin) == {"numbers": [MASK] * 3000}
    assert Call.objects.get().masked == answer["masked"]
