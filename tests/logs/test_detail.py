import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kasilabs.logs.gate_trace import gate_trace
from kasilabs.logs.gates import BEFORE_SENDING, Gate
from kasilabs.logs.models import Call, CallState
from kasilabs.whatsapp.models import Instance
from tests.support import factories
from tests.support.visits import As, page


def drawer(client: Client, call: Call) -> str:
    """Return what is said about one call, as text."""
    shown = page(client.get(f"/o/kasi-legal/logs/{call.public_id}/"))
    part = shown[shown.index('<section class="k-dock') : shown.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


ENDS: list[tuple[dict[str, Any], list[str]]] = [
    ({"state": "succeeded"}, ["Succeeded", "41 ms", "200"]),
    ({"state": "open", "status": None, "duration_ms": None}, ["Running", "The plugin has not answered yet."]),
    ({"state": "lost", "status": 504, "code": "plugin_timeout"}, ["Lost", "It is not known how this call ended"]),
    (
        {"state": "plugin_fault", "status": 502, "code": "plugin_error", "reason": "http_status", "plugin_status": 409},
        ["Plugin fault", "502 plugin_error", "http_status", "409"],
    ),
    ({"state": "our_fault", "status": 502, "detail": "No secure connection."}, ["Our fault", "No secure connection."]),
    (
        {
            "state": "declined",
            "status": 422,
            "code": "declined",
            "reason": "ticket_closed",
            "gate": "business",
            "detail": "This ticket is closed already.",
            "gate_trace": gate_trace((*BEFORE_SENDING, Gate.PLUGIN_AUTH), Gate.BUSINESS),
        },
        ["Declined", "This ticket is closed already.", "422 declined", "business The plugin declined", "ticket_closed"],
    ),
    (
        {
            "state": "plugin_fault",
            "reason": "guard",
            "detail": "The plugin's answer was held back because it contained something private.",
            "diagnosis": {"heldBack": {"kind": "phone", "pointer": "/note"}},
        },
        ["something private. A phone number of the customer stands at /note of the plugin&#x27;s answer."],
    ),
    (
        {"state": "succeeded", "masked": ["/input/note", "/input/a\u202eb"]},
        ["Phone number masked at /input/note /input/a U+202E right-to-left override b"],
    ),
    ({"state": "succeeded", "masked": [f"/input/{n}" for n in range(12)]}, ["/input/9 and 2 more"]),
    (
        {"state": "plugin_fault", "reason": "redirect", "diagnosis": {"redirect": {"host": "a\u202eb.example"}}},
        ["U+202E", "b.example."],
    ),
    ({"state": "plugin_fault", "detail": "Broken.", "diagnosis": {"of_another_day": {}}}, ["Broken."]),
]


@pytest.mark.parametrize(("columns", "words"), ENDS, ids=[columns["state"] for columns, _ in ENDS])
def test_each_ending_says_what_it_was(
    cast: factories.Cast, as_: As, number: Instance, columns: dict[str, Any], words: list[str]
) -> None:
    said = drawer(as_(cast.operator), factories.call(number, **columns))
    assert [word for word in words if word not in said] == []


def test_a_refused_call_shows_the_gates_passed_the_one_that_refused_and_those_not_reached(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    gate = Gate.TOOL_GRANT
    detail = "Create support ticket is off for Legal Consultations."
    call = factories.call(
        number,
        state=CallState.REFUSED,
        status=403,
        gate=gate.value,
        detail=detail,
        gate_trace=gate_trace(BEFORE_SENDING, gate),
    )
    said = drawer(as_(cast.operator), call)
    assert "instance_grant The plugin is granted to this number" in said
    assert f"tool_grant Stops here {detail}" in said
    assert "permission_grant Not reached" in said
    assert said.count("Not reached") == 10


def test_a_call_to_a_tool_that_does_not_exist_names_no_gate(cast: factories.Cast, as_: As, number: Instance) -> None:
    call = factories.call(
        number, plugin="", tool="support_desk__nope", state=CallState.REFUSED, status=404, gate_trace=[]
    )
    said = drawer(as_(cast.operator), call)
    assert "No gate was asked: there is no such tool." in said
    assert "How these gates stand now" not in said


def test_request_response_times_and_people_are_shown(cast: factories.Cast, as_: As, number: Instance) -> None:
    conversation = uuid4()
    call = factories.call(
        number,
        request={"input": {"subject": "Printer", "phone": {"$hidden": "phone number hidden"}}},
        response={"ticket": "T-1"},
        timings={"gates_ms": 4.0, "connect_ms": 0, "wait_ms": 309.4},
        alias="cus_abc",
        conversation_id=conversation,
        attempts=2,
    )
    said = drawer(as_(cast.operator), call)
    words = ["Printer", "phone number hidden", "T-1", "Connect, reused 0 ms", "Plugin works 309 ms", "cus_abc"]
    assert [word for word in [*words, str(conversation), "Attempts 2"] if word not in said] == []


def test_explain_is_linked_for_the_same_number_and_tool(cast: factories.Cast, as_: As, number: Instance) -> None:
    shown = page(as_(cast.operator).get(f"/o/kasi-legal/logs/{factories.call(number).public_id}/"))
    link = f"/o/kasi-legal/grants/explain/?number={number.public_id}&amp;tool=support_desk__create_support_ticket"
    assert f'href="{link}"' in shown


def test_the_list_it_was_opened_from_stays_beside_it(cast: factories.Cast, as_: As, number: Instance) -> None:
    older, call, newer = (factories.call(number, at=timezone.now() + timedelta(minutes=count)) for count in range(3))
    factories.call(number, mode="live")
    shown = page(as_(cast.operator).get(f"/o/kasi-legal/logs/{call.public_id}/?mode=sandbox"))
    assert f'<tr id="{call.public_id}" class="is-current" aria-current="true">' in shown
    for neighbour in (older, newer):
        assert f'href="/o/kasi-legal/logs/{neighbour.public_id}/?mode=sandbox#{neighbour.public_id}"' in shown
    assert f'data-close-drawer href="/o/kasi-legal/logs/?mode=sandbox#{call.public_id}"' in shown


def test_a_call_of_another_organization_is_not_there(cast: factories.Cast, as_: As) -> None:
    foreign = factories.call(factories.number(cast.rival))
    client = as_(cast.operator)
    answers = [client.get(f"/o/kasi-legal/logs/{text}/") for text in (foreign.public_id, "call_1", "wa_1", "x")]
    assert [answer.status_code for answer in answers] == [404] * 4


def test_a_viewer_may_not_read_logs(cast: factories.Cast, as_: As, number: Instance) -> None:
    client = as_(cast.viewer)
    call = factories.call(number)
    assert [
        client.get(url).status_code for url in ("/o/kasi-legal/logs/", f"/o/kasi-legal/logs/{call.public_id}/")
    ] == [
        403,
        403,
    ]


@pytest.mark.parametrize("url", ["/o/kasi-legal/logs/", "/o/kasi-legal/logs/{}/"])
def test_opening_a_log_page_settles_what_is_lost(cast: factories.Cast, as_: As, number: Instance, url: str) -> None:
    past = timezone.now() - timedelta(seconds=1)
    call = factories.call(number, state=CallState.OPEN, status=None, lost_after=past, finished=None)
    shown = page(as_(cast.operator).get(url.format(call.public_id)))
    assert "Lost" in shown
    call.refresh_from_db()
    assert (call.state, call.status, call.code) == (CallState.LOST, 504, "plugin_timeout")


def test_the_page_costs_few_statements(cast: factories.Cast, as_: As, number: Instance) -> None:
    call = factories.call(number)
    client = as_(cast.operator)
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/o/kasi-legal/logs/{call.public_id}/")
    assert len(queries) <= 3 + 8
