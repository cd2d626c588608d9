"""A plugin asks for money, reads what became of it, and gives it back."""

import json
import secrets

from bridges.models import BridgeCall
from kasilabs.logs.models import Call, CallKind, CallState
from kasilabs.toolkits.orders.models import Order
from kasilabs.toolkits.payments.models import Payment, Refund
from tests.support.bridges import AMOUNT, ASKED, ORDERED, BridgePlugin
from tests.support.statements import statements


def test_a_payment_is_asked_for_and_read(gas: BridgePlugin) -> None:
    answer = gas.signer.post("payments", gas.body(**ASKED))
    document = answer.json()
    assert (answer.status_code, document["status"]) == (200, "succeeded")
    assert document["id"].startswith("brc_")
    payment = Payment.objects.get()
    assert (payment.origin, payment.amount.as_json(), payment.alias) == (document["id"], AMOUNT, gas.alias)
    result = document["result"]
    assert {name: result[name] for name in ("id", "state", "amount", "reference", "mode")} == {
        "id": payment.public_id,
        "state": "paid",
        "amount": AMOUNT,
        "reference": "ORDER-7",
        "mode": "sandbox",
    }
    assert gas.signer.get(f"payments/{payment.public_id}").json() == result


def test_each_request_leaves_its_row(gas: BridgePlugin) -> None:
    answer = gas.signer.post("payments", gas.body(**ASKED), key="a-key-of-16-chars")
    row = Call.objects.get()
    assert (row.kind, row.state, row.status) == (CallKind.BRIDGE, CallState.SUCCEEDED, 200)
    assert (row.public_id, row.tool, row.key) == (answer.json()["id"], "payments:initiate", "a-key-of-16-chars")
    assert (row.instance_id, row.installation_id) == (gas.number.id, gas.installation.id)
    assert (row.alias, row.organization) == (gas.alias, gas.organization)
    assert row.request["path"] == "/bridges/v1/payments"
    assert row.response == answer.json()
    gas.signer.get(f"payments/{Payment.objects.get().public_id}")
    assert [each.tool for each in Call.objects.order_by("id")] == ["payments:initiate", "payments:read"]


def test_a_retry_gets_the_same_bytes(gas: BridgePlugin) -> None:
    key = secrets.token_hex(16)
    first = gas.signer.post("payments", gas.body(**ASKED), key=key)
    again = gas.signer.post("payments", gas.body(**ASKED), key=key)
    assert (again.status_code, again.content, again["Content-Type"]) == (200, first.content, "application/json")
    assert (first.has_header("Idempotent-Replayed"), again["Idempotent-Replayed"]) == (False, "true")
    assert Payment.objects.count() == BridgeCall.objects.count() == 1
    rows = list(Call.objects.order_by("id"))
    assert [row.bridge_call for row in rows] == [BridgeCall.objects.get().id] * 2
    assert [row.state for row in rows] == ["succeeded", "succeeded"]


def test_a_refund_goes_back_and_never_more_than_was_paid(gas: BridgePlugin) -> None:
    gas.signer.post("payments", gas.body(**ASKED))
    payment = Payment.objects.get().public_id
    half = {"amountMinor": 60000, "currency": "KES"}
    first = gas.signer.post(f"payments/{payment}/refunds", {"amount": half, "reason": "Half was late."})
    assert (first.status_code, first.json()["result"]["amount"]) == (200, half)
    assert first.json()["result"]["payment"] == payment
    second = gas.signer.post(f"payments/{payment}/refunds", {"amount": half, "reason": "Again."})
    assert (second.status_code, second.json()["code"]) == (422, "refund_exceeds_captured")
    assert second.json()["id"].startswith("brc_")
    rest = gas.signer.post(f"payments/{payment}/refunds", {"reason": "The rest."})
    assert rest.json()["result"]["amount"] == {"amountMinor": 45000, "currency": "KES"}
    assert Refund.objects.count() == 2
    assert gas.signer.get(f"payments/{payment}").json()["state"] == "refunded"


def test_a_no_that_stays_no_is_stored_and_replayed(gas: BridgePlugin) -> None:
    gas.signer.post("payments", gas.body(**ASKED))
    path, body, key = f"payments/{Payment.objects.get().public_id}/refunds", {"reason": "All."}, secrets.token_hex(16)
    gas.signer.post(path, body)
    first, again = gas.signer.post(path, body, key=key), gas.signer.post(path, body, key=key)
    assert (first.status_code, first.json()["code"]) == (422, "refund_exceeds_captured")
    assert first["Content-Type"] == again["Content-Type"] == "application/problem+json"
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert [row.state for row in Call.objects.order_by("-id")[:2]] == ["declined", "declined"]


def test_no_answer_says_a_phone_number_or_a_reference_of_the_provider(gas: BridgePlugin) -> None:
    answer = gas.signer.post("payments", gas.body(**ASKED))
    payment = Payment.objects.get()
    text = answer.content.decode() + gas.signer.get(f"payments/{payment.public_id}").content.decode()
    assert "711222333" not in text
    assert payment.receipt
    assert payment.receipt not in text


def test_the_log_hides_the_phone_number_and_the_tokens(gas: BridgePlugin) -> None:
    body = gas.body(**{**ASKED, "description": "for +254 711 222 333"})
    gas.signer.post("payments", body, key="254711222333-0001")
    row = Call.objects.get()
    assert "711" not in json.dumps([row.request, row.response, row.key])


def test_the_log_hides_the_number_of_whom_a_payment_is_about_in_the_conversation_of_another(gas: BridgePlugin) -> None:
    paid = gas.signer.post("payments", ASKED, chat=gas.chat("+254711222333").token).json()["result"]["id"]
    chat = gas.chat("+254722333444")
    gas.signer.post(f"payments/{paid}/refunds", {"reason": "0711222333 asked, not 0722333444"}, chat=chat.token)
    row = Call.objects.get(tool="payments:refund")
    assert row.request["body"] == {"reason": "[phone number hidden] asked, not [phone number hidden]"}


def test_a_payment_of_an_order_confirms_it(gas: BridgePlugin) -> None:
    items = [{"sku": "GAS-13", "name": "Gas, 13 kg", "quantity": 1, "unitAmountMinor": 105000}]
    order = gas.signer.post("orders", gas.body(items=items, currency="KES", reference="O-1")).json()["result"]
    gas.signer.post("payments", gas.body(**ASKED, order=order["id"]))
    assert gas.signer.get(f"orders/{order['id']}").json()["state"] == "confirmed"


def test_an_order_of_somebody_else_cannot_be_paid(gas: BridgePlugin) -> None:
    answer = gas.signer.post("payments", gas.body(**ASKED, order="ord_" + "0" * 26))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/order"]
    assert not BridgeCall.objects.exists()


def test_what_a_request_asks_of_the_database(gas: BridgePlugin) -> None:
    """Of the 15 for an order two are tokens, two installation and number, two whom it may act for, one the limit."""
    gas.signer.post("orders", gas.body(**ORDERED))
    key = secrets.token_hex(16)
    first, again, read = (
        [sql for sql in statements(act) if not sql.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))]
        for act in (
            lambda: gas.signer.post("orders", gas.body(**ORDERED), key=key),
            lambda: gas.signer.post("orders", gas.body(**ORDERED), key=key),
            lambda: gas.signer.get(f"orders/{Order.objects.latest('id').public_id}"),
        )
    )
    assert (len(first), len(again), len(read)) == (15, 13, 11)
