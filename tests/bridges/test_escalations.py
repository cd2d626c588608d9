"""A plugin hands a customer to a person, and says which queue or member it is for."""

import json
import secrets
from typing import Any

import pytest
from django.test import Client

from bridges.models import BridgeCall
from grants.changes import plugins, toolkits
from kasilabs.accounts.models import Notice
from kasilabs.accounts.permissions import Role
from kasilabs.logs.models import Call, CallKind, CallState
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.toolkits.escalations import changes
from kasilabs.toolkits.escalations.models import Escalation
from kasilabs.whatsapp import chat_answerers
from tests.support import bridges, factories
from tests.support.bridges import BridgePlugin
from tests.support.concurrency import at_once
from tests.support.statements import statements

HANDED_OVER: dict[str, Any] = {"reason": "Wants a person", "priority": "high", "summary": "Paid twice."}


def hand_over(gas: BridgePlugin) -> Escalation:
    answer = gas.signer.post("escalations", gas.body(**HANDED_OVER))
    assert answer.status_code == 200
    escalation: Escalation = Escalation.objects.get(origin=answer.json()["id"])
    return escalation


def assign(gas: BridgePlugin, escalation: Escalation, **body: Any) -> Any:
    return gas.signer.post(f"escalations/{escalation.public_id}/assign", body)


def test_a_customer_is_handed_over_outside_and_inside_a_conversation(gas: BridgePlugin) -> None:
    answer = gas.signer.post("escalations", gas.body(**HANDED_OVER))
    escalation = Escalation.objects.get()
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "id": escalation.origin,
            "status": "succeeded",
            "result": {"id": escalation.public_id, "state": "waiting", "priority": "high", "queue": ""},
        },
    )
    assert (escalation.reason, escalation.summary, escalation.mode) == ("Wants a person", "Paid twice.", "sandbox")
    assert (escalation.instance, escalation.alias, escalation.plugin) == (gas.number, gas.alias, "GAS_OS")
    chat = gas.chat()
    inside = gas.signer.post("escalations", {"reason": "Again", "priority": "low"}, chat=chat.token)
    made = Escalation.objects.get(origin=inside.json()["id"])
    assert (made.alias, made.summary) == (chat.alias, "")


def test_a_retry_hands_over_once_and_tells_once(gas: BridgePlugin) -> None:
    member = factories.member(gas.organization, Role.OPERATOR)
    chat_answerers.add(instance=gas.number, member=member, actor=factories.ACTOR)
    key = secrets.token_hex(16)
    first, again = (gas.signer.post("escalations", gas.body(**HANDED_OVER), key=key) for _each in range(2))
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert (Escalation.objects.count(), Notice.objects.count()) == (1, 1)
    other = gas.signer.post("escalations", gas.body(**{**HANDED_OVER, "priority": "low"}), key=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_many_with_one_key_hand_over_once(gas: BridgePlugin) -> None:
    key, body = secrets.token_hex(16), gas.body(**HANDED_OVER)
    answers = at_once(*[lambda: gas.signer.post("escalations", body, key=key)] * 6)
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert Escalation.objects.count() == BridgeCall.objects.count() == 1


def test_each_request_leaves_its_row(gas: BridgePlugin) -> None:
    escalation = hand_over(gas)
    assign(gas, escalation, queue="billing")
    assign(gas, escalation, queue="")
    rows = list(Call.objects.filter(kind=CallKind.BRIDGE).order_by("id"))
    assert [(row.tool, row.state, row.status) for row in rows] == [
        ("escalations:create", CallState.SUCCEEDED, 200),
        ("escalations:assign", CallState.SUCCEEDED, 200),
        ("escalations:assign", CallState.REFUSED, 422),
    ]
    assert {row.alias for row in rows} == {gas.alias}


def test_it_is_put_into_a_queue_or_given_to_a_member_who_is_told(gas: BridgePlugin) -> None:
    escalation, member = hand_over(gas), factories.member(gas.organization, Role.OPERATOR)
    answer = assign(gas, escalation, queue="billing")
    result = {"id": escalation.public_id, "state": "waiting", "priority": "high", "queue": "billing"}
    assert (answer.status_code, answer.json()["result"]) == (200, result)
    answer = assign(gas, escalation, memberEmail=member.user.email.upper())
    assert (answer.status_code, answer.json()["result"]) == (200, {**result, "state": "taken"})
    assert (Escalation.objects.get().holder, Notice.objects.get().user) == (member, member.user)
    answer = assign(gas, escalation, queue="night")
    assert answer.json()["result"] == {**result, "queue": "night"}
    assert Escalation.objects.get().holder is None


def test_what_is_resolved_is_assigned_no_more_and_the_no_is_kept(gas: BridgePlugin) -> None:
    escalation, member = hand_over(gas), factories.member(gas.organization, Role.OPERATOR)
    changes.take(escalation, member=member, actor=factories.ACTOR)
    changes.resolve(escalation, member=member, actor=factories.ACTOR, note="Done")
    path, key = f"escalations/{escalation.public_id}/assign", secrets.token_hex(16)
    first, again = (gas.signer.post(path, {"queue": "billing"}, key=key) for _each in range(2))
    assert (first.status_code, first.json()["code"]) == (422, "already_final")
    assert first.json()["id"].startswith("brc_")
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")


@pytest.mark.parametrize(
    "changes_to",
    [
        {"reason": ""},
        {"reason": " \n "},
        {"reason": "x" * 501},
        {"reason": "a\0b"},
        {"reason": 1},
        {"priority": "URGENT"},
        {"priority": "p1"},
        {"priority": 1},
        {"summary": ""},
        {"summary": "x" * 2001},
        {"summary": None},
        {"queue": "billing"},
    ],
    ids=str,
)
def test_what_is_no_escalation_is_refused(gas: BridgePlugin, changes_to: dict[str, Any]) -> None:
    answer = gas.signer.post("escalations", gas.body(**{**HANDED_OVER, **changes_to}))
    assert (answer.status_code, answer.json()["code"], answer.json()["gate"]) == (422, "invalid_input", "input_schema")
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{next(iter(changes_to))}"]
    assert not BridgeCall.objects.exists()


@pytest.mark.parametrize("missing", ["reason", "priority"])
def test_reason_and_priority_are_needed(gas: BridgePlugin, missing: str) -> None:
    answer = gas.signer.post("escalations", gas.body(**{k: v for k, v in HANDED_OVER.items() if k != missing}))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{missing}")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"queue": "billing", "memberEmail": "operator@kasi-gas.example"}, ""),
        ({"queue": ""}, "/queue"),
        ({"queue": " "}, "/queue"),
        ({"queue": "x" * 65}, "/queue"),
        ({"queue": "a\nb"}, "/queue"),
        ({"queue": ["billing"]}, "/queue"),
        ({"memberEmail": "viewer@kasi-gas.example"}, "/memberEmail"),
        ({"memberEmail": "nobody@kasi-gas.example"}, "/memberEmail"),
        ({"memberEmail": "owner@rival.example"}, "/memberEmail"),
        ({"memberEmail": "x"}, "/memberEmail"),
        ({"memberEmail": None}, "/memberEmail"),
        ({"queue": "billing", "state": "taken"}, "/state"),
    ],
    ids=str,
)
def test_what_is_no_assignment_is_refused_and_uses_no_key_up(
    gas: BridgePlugin, body: dict[str, Any], pointer: str
) -> None:
    for role in (Role.OPERATOR, Role.VIEWER):
        factories.member(gas.organization, role)
    factories.member(factories.organization("rival"), Role.OWNER)
    escalation = hand_over(gas)
    answer = gas.signer.post(f"escalations/{escalation.public_id}/assign", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert (BridgeCall.objects.count(), Escalation.objects.get().state) == (1, "waiting")


def test_a_stranger_and_a_member_who_may_not_answer_read_the_same(gas: BridgePlugin) -> None:
    viewer, escalation = factories.member(gas.organization, Role.VIEWER), hand_over(gas)
    known, unknown = (assign(gas, escalation, memberEmail=email) for email in (viewer.user.email, "no@x.example"))
    assert known.json()["errors"] == unknown.json()["errors"]


def test_each_action_needs_its_permission_and_the_toolkit(gas: BridgePlugin) -> None:
    escalation = hand_over(gas)
    plugins.set_permission(grant=gas.grant, key="bridge:escalations:assign", on=False, actor=factories.ACTOR)
    refused = assign(gas, escalation, queue="billing")
    assert (refused.status_code, refused.json()["gate"]) == (403, "permission_grant")
    assert gas.signer.post("escalations", gas.body(**HANDED_OVER)).status_code == 200
    toolkits.revoke(instance=gas.number, toolkit=Toolkit.ESCALATIONS, actor=factories.ACTOR)
    refused = gas.signer.post("escalations", gas.body(**HANDED_OVER))
    assert (refused.status_code, refused.json()["gate"]) == (403, "toolkit_grant")
    assert Call.objects.filter(kind=CallKind.BRIDGE, state=CallState.REFUSED).count() == 2


def test_escalations_of_other_scopes_are_not_there(gas: BridgePlugin) -> None:
    other = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    escalation = hand_over(gas)
    assert assign(other, escalation, queue="mine").status_code == 404
    body = {"queue": "mine", "instance": gas.other_number.public_id}
    assert gas.signer.post(f"escalations/{escalation.public_id}/assign", body).status_code == 404
    for unknown in ("x", "esc_" + "0" * 26, "ord_" + "0" * 26):
        assert gas.signer.post(f"escalations/{unknown}/assign", {"queue": "mine"}).status_code == 404
    assert Escalation.objects.get().queue == ""


def test_without_a_customer_nobody_can_be_handed_over(gas: BridgePlugin) -> None:
    answer = gas.signer.post("escalations", {**HANDED_OVER, "instance": gas.number.public_id})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/customer")


def test_the_document_describes_both(db: None) -> None:
    document = json.loads(Client().get("/bridges/v1/openapi.json").content)
    paths, escalation = document["paths"], document["components"]["schemas"]["EscalationOut"]
    assert escalation["required"] == ["id", "state", "priority", "queue"]
    assert escalation["properties"]["queue"] == {"title": "Queue", "type": "string"}
    for path in ("/bridges/v1/escalations", "/bridges/v1/escalations/{escalation}/assign"):
        assert {"200", "403", "404", "409", "422", "429"} <= set(paths[path]["post"]["responses"])


def test_what_handing_over_asks_of_the_database(gas: BridgePlugin) -> None:
    """One more than an order, to read who answers the number, and three for each of them."""

    def count() -> int:
        made = statements(lambda: gas.signer.post("escalations", gas.body(**HANDED_OVER)))
        return len([sql for sql in made if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))])

    count()
    nobody = count()
    for name in ("ann", "ben"):
        member = factories.member(gas.organization, Role.OPERATOR, email=f"{name}@kasi-gas.example")
        chat_answerers.add(instance=gas.number, member=member, actor=factories.ACTOR)
    assert (nobody, count()) == (16, 22)
