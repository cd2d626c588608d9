"""Acting inside a conversation: what a chat token opens, for how long, and how often."""

import secrets
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bridges.models import BridgeCall, ChatTokenUse
from grants.changes import plugins
from kasilabs.accounts import keyring
from kasilabs.calls import chat_token
from kasilabs.calls.chat_token import USE_CAPS
from kasilabs.logs.models import Call, CallState
from kasilabs.toolkits.orders.models import Order
from kasilabs.toolkits.payments.models import Payment
from tests.support import bridges, factories
from tests.support.bridges import ASKED, ORDERED, BridgePlugin, Chat
from tests.support.concurrency import at_once


def assert_refused(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_chat_token")
    assert not BridgeCall.objects.exists()


def test_the_token_says_whom_a_payment_is_about(gas: BridgePlugin) -> None:
    chat = gas.chat()
    answer = gas.signer.post("payments", ASKED, chat=chat.token)
    payment = Payment.objects.get()
    assert (answer.status_code, payment.alias, payment.instance) == (200, chat.alias, gas.number)
    assert BridgeCall.objects.get().made_in == chat.call.id


def test_rows_are_linked_with_the_call_they_were_made_in(gas: BridgePlugin) -> None:
    chat = gas.chat()
    gas.signer.post("orders", ORDERED, chat=chat.token)
    gas.signer.post("orders", {}, chat=chat.token)
    assert [row.state for row in Call.objects.filter(made_in=chat.call.id).order_by("id")] == ["succeeded", "refused"]


def test_inside_a_conversation_no_background_permission_is_needed(gas: BridgePlugin) -> None:
    plugins.set_permission(grant=gas.grant, key="bridge:background", on=False, actor=factories.ACTOR)
    assert gas.signer.post("orders", ORDERED, chat=gas.chat().token).status_code == 200
    refused = gas.signer.post("orders", gas.body(**ORDERED))
    assert (refused.status_code, refused.json()["gate"]) == (403, "permission_grant")
    assert "bridge:background" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("member", "pointer"),
    [({"instance": "wa_" + "0" * 26}, "/instance"), ({"customer": {"id": "cus_" + "a" * 32}}, "/customer/id")],
)
def test_a_body_that_names_others_is_refused(gas: BridgePlugin, member: dict[str, Any], pointer: str) -> None:
    answer = gas.signer.post("orders", {**ORDERED, **member}, chat=gas.chat().token)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_a_body_may_name_the_same(gas: BridgePlugin) -> None:
    assert gas.signer.post("orders", gas.body(**ORDERED), chat=gas.chat().token).status_code == 200


def test_it_serves_thirty_seconds_after_its_call(gas: BridgePlugin) -> None:
    chat = gas.chat()
    chat.end(seconds_ago=25)
    assert gas.signer.post("orders", ORDERED, chat=chat.token).status_code == 200


def test_it_does_not_serve_later(gas: BridgePlugin) -> None:
    chat = gas.chat()
    chat.end(seconds_ago=31)
    assert_refused(gas.signer.post("orders", ORDERED, chat=chat.token))
    assert Call.objects.latest("id").state == CallState.REFUSED


def test_it_does_not_serve_beyond_its_own_end(gas: BridgePlugin) -> None:
    chat = gas.chat()
    assert_refused(gas.signer.post("orders", ORDERED, chat=changed(chat, exp=int(time.time()) - 1)))


def test_an_expired_one_still_reads_the_answer_of_its_own_key(gas: BridgePlugin) -> None:
    chat, key = gas.chat(), secrets.token_hex(16)
    first = gas.signer.post("orders", ORDERED, chat=chat.token, key=key)
    chat.end(seconds_ago=31)
    again = gas.signer.post("orders", ORDERED, chat=chat.token, key=key)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    other = gas.signer.post("orders", ORDERED, chat=chat.token)
    assert (other.status_code, other.json()["code"]) == (401, "invalid_chat_token")
    reused = gas.signer.post("orders", {**ORDERED, "reference": "O-2"}, chat=chat.token, key=key)
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


def test_an_expired_one_is_looked_up_by_the_scope_of_its_key(gas: BridgePlugin) -> None:
    chat = gas.chat()
    chat.end(seconds_ago=31)
    with CaptureQueriesContext(connection) as asked:
        gas.signer.post("orders", ORDERED, chat=chat.token)
    (looked_up,) = [each["sql"] for each in asked if "bridges_bridgecall" in each["sql"]]
    for column in ("organization_id", "plugin_id", "mode", "key"):
        assert f'"{column}" = ' in looked_up, "or every bridge call there is would be read"


def test_an_expired_one_does_not_read_the_answer_of_another_chat(gas: BridgePlugin) -> None:
    first, second, key = gas.chat(), gas.chat(), secrets.token_hex(16)
    gas.signer.post("orders", ORDERED, chat=first.token, key=key)
    second.end(seconds_ago=31)
    assert gas.signer.post("orders", ORDERED, chat=second.token, key=key).json()["code"] == "invalid_chat_token"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://127.0.0.1:8000"},
        {"aud": "GAS_OS"},
        {"installation": "ins_" + "0" * 26},
        {"call": "call_" + "0" * 26},
    ],
    ids=str,
)
def test_one_for_something_else_is_refused(gas: BridgePlugin, changes: dict[str, Any]) -> None:
    assert_refused(gas.signer.post("orders", ORDERED, chat=changed(gas.chat(), **changes)))


def test_one_of_another_plugin_is_refused(gas: BridgePlugin) -> None:
    other = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    assert_refused(gas.signer.post("orders", ORDERED, chat=other.chat().token))


def test_a_forged_one_is_refused(gas: BridgePlugin) -> None:
    claims = jwt.decode(gas.chat().token, options={"verify_signature": False})
    for key, typ in ((gas.signer.secret, chat_token.TYP), (platform_key(), "bridge-req+jwt")):
        forged = jwt.encode(claims, key, headers={"typ": typ, "kid": chat_token.KID})
        assert_refused(gas.signer.post("orders", ORDERED, chat=forged))
    assert_refused(gas.signer.post("orders", ORDERED, chat="not.a.token"))


def test_one_that_the_request_token_does_not_name_is_refused(gas: BridgePlugin) -> None:
    chat, body = gas.chat(), b"{}"
    token = gas.signer.token("POST", "/bridges/v1/orders", body, key="a-key-of-16-chars")
    answer = gas.signer.post("orders", body, key="a-key-of-16-chars", chat=chat.token, token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_what_was_not_in_force_then_is_refused(gas: BridgePlugin) -> None:
    answer = gas.signer.post("orders", ORDERED, chat=changed(gas.chat(), acts=["bridge:payments:initiate"]))
    assert (answer.status_code, answer.json()["gate"]) == (403, "permission_grant")


def test_what_was_revoked_since_is_refused(gas: BridgePlugin) -> None:
    chat = gas.chat()
    plugins.set_permission(grant=gas.grant, key="bridge:commerce:create_order", on=False, actor=factories.ACTOR)
    answer = gas.signer.post("orders", ORDERED, chat=chat.token)
    assert (answer.status_code, answer.json()["gate"]) == (403, "permission_grant")


def test_it_serves_one_payment(gas: BridgePlugin) -> None:
    chat, key = gas.chat(), secrets.token_hex(16)
    assert gas.signer.post("payments", ASKED, chat=chat.token, key=key).status_code == 200
    second = gas.signer.post("payments", ASKED, chat=chat.token)
    assert (second.status_code, second.json()["code"]) == (429, "use_cap_reached")
    assert Call.objects.latest("id").bridge_call is None
    assert gas.signer.post("payments", ASKED, chat=chat.token, key=key)["Idempotent-Replayed"] == "true"
    assert Payment.objects.count() == BridgeCall.objects.count() == 1


def test_of_many_payments_at_once_it_serves_one(gas: BridgePlugin) -> None:
    chat = gas.chat()
    answers = at_once(*[lambda: gas.signer.post("payments", ASKED, chat=chat.token).status_code] * 6)
    assert sorted(answers) == [200] + [429] * 5
    assert Payment.objects.count() == 1


def test_it_serves_ten_reads(gas: BridgePlugin) -> None:
    gas.signer.post("orders", gas.body(**ORDERED))
    order = Order.objects.get().public_id
    chat = gas.chat()
    answers = [gas.signer.get(f"orders/{order}", chat=chat.token).status_code for _each in range(USE_CAPS["reads"] + 1)]
    assert answers == [200] * 10 + [429]
    assert ChatTokenUse.objects.get().count == 10


def test_a_listing_takes_none(gas: BridgePlugin) -> None:
    signer = replace(gas.signer, issuer="GAS_OS")
    assert_refused(signer.get("installations", chat=gas.chat().token))


def platform_key() -> bytes:
    return keyring.platform_key(keyring.Purpose.CHAT_TOKEN)


def changed(chat: Chat, **changes: Any) -> str:
    """A token of ours with other claims."""
    claims = jwt.decode(chat.token, options={"verify_signature": False}) | changes
    return jwt.encode(claims, platform_key(), headers={"typ": chat_token.TYP, "kid": chat_token.KID})


def test_a_conversation_reaches_nothing_of_another_customer(gas: BridgePlugin) -> None:
    gas.signer.post("payments", gas.body(**ASKED))
    gas.signer.post("orders", gas.body(**ORDERED))
    payment, order = Payment.objects.get().public_id, Order.objects.get().public_id
    other = gas.chat("+254733000111")
    answers = [
        gas.signer.get(f"payments/{payment}", chat=other.token),
        gas.signer.get(f"orders/{order}", chat=other.token),
        gas.signer.post(f"payments/{payment}/refunds", {"reason": "Mine."}, chat=other.token),
        gas.signer.post(f"orders/{order}/after-sale-requests", {"kind": "return", "reason": "Mine."}, chat=other.token),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "not_found")}
    paying = gas.signer.post("payments", {**ASKED, "order": order}, chat=other.token)
    assert [each["pointer"] for each in paying.json()["errors"]] == ["/order"]
    assert gas.signer.get(f"orders/{order}", chat=gas.chat().token).status_code == 200
