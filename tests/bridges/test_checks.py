"""What a bridge request is refused with, in which order, and that nothing is recorded against its key then."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

from bridges.models import BridgeCall
from grants.changes import plugins, toolkits
from installations import lifecycle
from installations.models import Installation
from kasilabs.lib.states import Mode
from kasilabs.logs.models import Call, CallState
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.toolkits.orders.models import Order
from kasilabs.toolkits.payments.models import Payment
from kasilabs.whatsapp import numbers
from plugins.models import Version
from tests.support import bridges, factories
from tests.support.bridges import ASKED, ORDERED, BridgePlugin

KEY = "a-key-of-16-chars"
ITEM: dict[str, Any] = {"sku": "GAS-13", "name": "Gas, 13 kg", "quantity": 2, "unitAmountMinor": 105000}


def suspend_number(gas: BridgePlugin) -> None:
    numbers.suspend(instance=gas.number, actor=factories.ACTOR)


def suspend_installation(gas: BridgePlugin) -> None:
    lifecycle.suspend(installation=gas.installation, actor=factories.ACTOR)


def quarantine(gas: BridgePlugin) -> None:
    Version.objects.update(state=Version.State.QUARANTINED)


def revoke_grant(gas: BridgePlugin) -> None:
    plugins.revoke_plugin(instance=gas.number, installation=gas.installation, actor=factories.ACTOR)


def revoke_permission(gas: BridgePlugin) -> None:
    plugins.set_permission(grant=gas.grant, key="bridge:commerce:create_order", on=False, actor=factories.ACTOR)


def revoke_background(gas: BridgePlugin) -> None:
    plugins.set_permission(grant=gas.grant, key="bridge:background", on=False, actor=factories.ACTOR)


def remove_toolkit(gas: BridgePlugin) -> None:
    toolkits.remove(organization=gas.organization, toolkit=Toolkit.ECOMMERCE, actor=factories.ACTOR)


def revoke_toolkit(gas: BridgePlugin) -> None:
    toolkits.revoke(instance=gas.number, toolkit=Toolkit.ECOMMERCE, actor=factories.ACTOR)


def lack_configuration(gas: BridgePlugin) -> None:
    Installation.objects.update(state=Installation.State.NEEDS_CONFIGURATION)


GATES: list[tuple[Callable[[BridgePlugin], None], str]] = [
    (suspend_number, "number"),
    (suspend_installation, "organization_installation"),
    (quarantine, "plugin_state"),
    (revoke_grant, "instance_grant"),
    (revoke_permission, "permission_grant"),
    (revoke_background, "permission_grant"),
    (remove_toolkit, "toolkit_installation"),
    (revoke_toolkit, "toolkit_grant"),
    (lack_configuration, "configuration"),
]


@pytest.mark.parametrize(("close", "gate"), GATES)
def test_each_gate_refuses_names_itself_and_leaves_its_row(
    gas: BridgePlugin, close: Callable[[BridgePlugin], None], gate: str
) -> None:
    close(gas)
    # The body comes after the gates.
    answer = gas.signer.post("orders", gas.body())
    assert (answer.status_code, answer.json()["code"], answer.json()["gate"]) == (403, "refused", gate)
    row = Call.objects.get()
    assert (row.state, row.status, row.gate, row.code) == (CallState.REFUSED, 403, gate, "refused")
    assert [each["gate"] for each in row.gate_trace if not each["passed"]] == [gate]
    assert not BridgeCall.objects.exists()


@pytest.mark.parametrize(("close", "gate"), GATES)
def test_a_gate_that_closed_since_wins_over_the_replay(
    gas: BridgePlugin, close: Callable[[BridgePlugin], None], gate: str
) -> None:
    body = gas.body(**ORDERED)
    first = gas.signer.post("orders", body, key=KEY)
    close(gas)
    again = gas.signer.post("orders", body, key=KEY)
    assert (again.status_code, again.json()["gate"]) == (403, gate)
    assert first.json()["result"]["id"] not in again.content.decode()
    assert Order.objects.count() == 1


def test_a_removed_installation_is_refused_and_a_new_one_goes_on(gas: BridgePlugin) -> None:
    body = gas.body(**ORDERED)
    first = gas.signer.post("orders", body, key=KEY)
    version = gas.installation.version
    lifecycle.remove(installation=gas.installation, actor=factories.ACTOR)
    refused = gas.signer.post("orders", body, key=KEY)
    assert (refused.status_code, refused.json()["gate"]) == (403, "organization_installation")
    again = lifecycle.install(
        organization=gas.organization, version=version, mode=Mode.SANDBOX, user=None, actor=factories.ACTOR
    ).installation
    plugins.grant_plugin(
        instance=gas.number, installation=again, tools=None, permissions=gas.permissions, actor=factories.ACTOR
    )
    replayed = bridges.signer_of(again).post("orders", body, key=KEY)
    assert (replayed.content, replayed["Idempotent-Replayed"]) == (first.content, "true")
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"instance": None}, "/instance", "required"),
        ({"instance": "wa_" + "0" * 26}, "/instance", "enum"),
        ({"instance": 5}, "/instance", "enum"),
        ({"instance": ["wa_"]}, "/instance", "enum"),
        ({"instance": ""}, "/instance", "enum"),
        ({"customer": None}, "/customer", "required"),
        ({"customer": {"id": "cus_" + "a" * 32}}, "/customer/id", "enum"),
        ({"customer": {"id": "+254711222333"}}, "/customer/id", "enum"),
        ({"customer": {}}, "/customer/id", "enum"),
        ({"customer": "cus_x"}, "/customer/id", "enum"),
        ({"customer": {"id": "cus_\0"}}, "/customer/id", "enum"),
        ({"colour": 1}, "/colour", "additionalProperties"),
        ({"items": None}, "/items", "type"),
        ({"items": []}, "/items", "minItems"),
        ({"items": {}}, "/items", "type"),
        ({"items": [{}]}, "/items/0/sku", "required"),
        ({"items": [{**ITEM, "quantity": 0}]}, "/items/0/quantity", "minimum"),
        ({"items": [{**ITEM, "quantity": 10001}]}, "/items/0/quantity", "maximum"),
        ({"items": [{**ITEM, "quantity": True}]}, "/items/0/quantity", "type"),
        ({"items": [{**ITEM, "quantity": 1.0}]}, "/items/0/quantity", "type"),
        ({"items": [{**ITEM, "unitAmountMinor": "105"}]}, "/items/0/unitAmountMinor", "type"),
        ({"items": [{**ITEM, "unitAmountMinor": -1}]}, "/items/0/unitAmountMinor", "exclusiveMinimum"),
        ({"items": [{**ITEM, "unitAmountMinor": 2**53}]}, "/items/0/unitAmountMinor", "maximum"),
        ({"items": [{**ITEM, "unitAmountMinor": 2**53 - 1}]}, "", "maximum"),
        ({"items": [{**ITEM, "name": "\0"}]}, "/items/0/name", "pattern"),
        ({"currency": "KSH"}, "/currency", "enum"),
        ({"currency": "kes"}, "/currency", "enum"),
        ({"delivery": "today"}, "/delivery", "type"),
        ({"delivery": {"to": ["\0"]}}, "/delivery", "pattern"),
        ({"reference": ""}, "/reference", "minLength"),
        ({"reference": "x" * 65}, "/reference", "maxLength"),
        ({"reference": "a\nb"}, "/reference", "pattern"),
    ],
    ids=str,
)
def test_a_body_that_does_not_fit_says_where(
    gas: BridgePlugin, changes: dict[str, Any], pointer: str, code: str
) -> None:
    body = {**gas.body(**ORDERED), **changes}
    body = {name: value for name, value in body.items() if value is not None or name == "items"}
    answer = gas.signer.post("orders", body, key=KEY)
    assert (answer.status_code, answer.json()["code"], answer.json()["gate"]) == (422, "invalid_input", "input_schema")
    assert (pointer, code) in [(each["pointer"], each["code"]) for each in answer.json()["errors"]]
    assert Call.objects.get().state == CallState.REFUSED
    corrected = gas.signer.post("orders", gas.body(**ORDERED), key=KEY)
    assert corrected.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": {"amountMinor": 105000}},
        {"amount": {"amountMinor": 0, "currency": "KES"}},
        {"amount": {"amountMinor": 1050.0, "currency": "KES"}},
        {"amount": {"amountMinor": "1050", "currency": "KES"}},
        {"amount": {"amountMinor": True, "currency": "KES"}},
        {"amount": {"amountMinor": 2**53, "currency": "KES"}},
        {"amount": {"amountMinor": 10**300, "currency": "KES"}},
        {"amount": {"amountMinor": 1, "currency": "XXX"}},
        {"amount": [105000, "KES"]},
        {"method": "CASH"},
        {"method": ""},
        {"order": "pay_" + "0" * 26},
        {"description": "x" * 201},
    ],
    ids=str,
)
def test_what_is_no_payment_is_refused(gas: BridgePlugin, changes: dict[str, Any]) -> None:
    answer = gas.signer.post("payments", gas.body(**{**ASKED, **changes}))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert not Payment.objects.exists()


def test_a_number_may_be_named_as_tool_calls_name_it(gas: BridgePlugin) -> None:
    answer = gas.signer.post("orders", {**gas.body(**ORDERED), "instance": {"id": gas.number.public_id}})
    assert (answer.status_code, Order.objects.get().instance) == (200, gas.number)


@pytest.mark.parametrize("path", ["orders/{0}", "payments/{0}", "orders/x", "payments/ord_00000000000000000000000000"])
def test_what_is_not_there_is_404_and_leaves_its_row(gas: BridgePlugin, path: str) -> None:
    answer = gas.signer.get(path.format("ord_" + "0" * 26))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert Call.objects.get().status == 404


def test_objects_of_another_plugin_are_not_there(gas: BridgePlugin) -> None:
    other = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    gas.signer.post("orders", gas.body(**ORDERED))
    gas.signer.post("payments", gas.body(**ASKED))
    order, payment = Order.objects.get().public_id, Payment.objects.get().public_id
    assert other.signer.get(f"orders/{order}").status_code == 404
    assert other.signer.get(f"payments/{payment}").status_code == 404
    assert other.signer.post(f"payments/{payment}/refunds", {"reason": "Mine."}).status_code == 404
    assert gas.signer.get(f"orders/{order}").status_code == 200


def test_objects_of_another_number_are_not_there(gas: BridgePlugin) -> None:
    gas.signer.post("payments", gas.body(**ASKED))
    payment = Payment.objects.get().public_id
    body = {"reason": "Mine.", "instance": gas.other_number.public_id}
    assert gas.signer.post(f"payments/{payment}/refunds", body).status_code == 404


def test_a_body_that_names_another_customer_than_its_object_is_refused(gas: BridgePlugin) -> None:
    gas.signer.post("payments", gas.body(**ASKED))
    body = {"reason": "Mine.", "customer": {"id": gas.new_customer("+254733000111")}}
    answer = gas.signer.post(f"payments/{Payment.objects.get().public_id}/refunds", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/customer/id")


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"customer": "another"}, "/order"),
        ({"instance": "another"}, "/order"),
        ({"amount": {"amountMinor": 105000, "currency": "USD"}}, "/amount/currency"),
    ],
)
def test_a_payment_is_for_an_order_of_its_own_customer_number_and_currency(
    gas: BridgePlugin, changes: dict[str, Any], pointer: str
) -> None:
    gas.signer.post("orders", gas.body(**ORDERED))
    plugins.grant_plugin(
        instance=gas.other_number, installation=gas.installation, tools=None, permissions=None, actor=factories.ACTOR
    )
    bridges.grant_toolkits(gas.other_number)
    for key in ("bridge:payments:initiate", "bridge:background"):
        grant = gas.other_number.plugin_grants.with_installation().get()
        plugins.set_permission(grant=grant, key=key, on=True, actor=factories.ACTOR)
    others = {"customer": {"id": gas.new_customer("+254733000111")}, "instance": gas.other_number.public_id}
    body = gas.body(**ASKED, order=Order.objects.get().public_id)
    answer = gas.signer.post("payments", {**body, **{k: others.get(k, v) for k, v in changes.items()}})
    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])
    assert not BridgeCall.objects.filter(action="payments:initiate").exists()


@pytest.mark.parametrize(
    ("item", "pointer", "code"),
    [
        ({"sku": "NOPE", "quantity": 1}, "/items/0/sku", "enum"),
        ({"sku": "GAS-13", "quantity": 3}, "/items/0/quantity", "maximum"),
    ],
)
def test_items_that_were_not_ordered_claim_no_key(
    gas: BridgePlugin, item: dict[str, Any], pointer: str, code: str
) -> None:
    gas.signer.post("orders", gas.body(**ORDERED))
    path, key = f"orders/{Order.objects.get().public_id}/after-sale-requests", "0123456789abcdef"
    answer = gas.signer.post(path, {"kind": "return", "reason": "Broken.", "items": [item]}, key=key)
    assert (answer.status_code, answer.json()["code"], "id" in answer.json()) == (422, "invalid_input", False)
    assert [(each["pointer"], each["code"]) for each in answer.json()["errors"]] == [(pointer, code)]
    right = {"kind": "return", "reason": "Broken.", "items": [{"sku": "GAS-13", "quantity": 1}]}
    assert gas.signer.post(path, right, key=key).status_code == 200


@pytest.mark.parametrize("written", ["254{}", "Call +254 {}", "0{}"])
def test_no_answer_says_whether_a_number_is_the_customers(gas: BridgePlugin, written: str) -> None:
    told = []
    for number in ("711222333", "711222334"):
        body = gas.body(**ORDERED, delivery={"to": {written.format(number): [written.format(number)]}})
        answers = [
            gas.signer.post("orders", body),
            gas.signer.post("payments", gas.body(**{**ASKED, "description": written.format(number)})),
            gas.signer.post("orders", {**body, "currency": written.format(number)}),
        ]
        told.append([(each.status_code, each.json().get("errors"), sorted(each.json())) for each in answers])
    assert told[0] == told[1]
    assert [status for status, _errors, _members in told[0]] == [200, 200, 422]
    assert "711222333" not in json.dumps(list(Call.objects.values_list("request", flat=True)))


def test_the_alias_of_another_plugin_is_nobody(gas: BridgePlugin) -> None:
    other = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    answer = gas.signer.post("orders", {**gas.body(**ORDERED), "customer": {"id": other.alias}})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/customer/id")


@pytest.mark.parametrize(
    "key",
    ["", "x" * 15, "x" * 129, "ключ-ключ-ключ-ключ", '"a-key-of-16-chars"', "a key of 16 chars", "a-key-of-16-chars,x"],
)
def test_another_form_of_key_is_400_and_leaves_no_row(gas: BridgePlugin, key: str) -> None:
    headers = {"Authorization": "Bearer x", "Idempotency-Key": key}
    answer = gas.signer.client.post("/bridges/v1/orders", b"{}", content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
    assert not Call.objects.exists()


@pytest.mark.parametrize("key", ["x" * 16, "x" * 128, "AZaz09_.:-AZaz09_"])
def test_these_are_keys(gas: BridgePlugin, key: str) -> None:
    assert gas.signer.post("orders", gas.body(**ORDERED), key=key).status_code == 200


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{", b'{"a": NaN}', b'{"a": 1e309}', b'{"a": 1, "a": 2}', b'{"a":' * 40 + b"1" + b"}" * 40, b"\xff"],
)
def test_what_is_not_one_json_object_is_400_before_the_token(gas: BridgePlugin, raw: bytes) -> None:
    headers = {"Idempotency-Key": secrets.token_hex(16)}
    answer = gas.signer.client.post("/bridges/v1/orders", raw, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")


def test_other_media_and_large_bodies_are_refused_before_the_token(gas: BridgePlugin) -> None:
    client = gas.signer.client
    key = {"Idempotency-Key": secrets.token_hex(16)}
    assert client.post("/bridges/v1/orders", b"a=1", content_type="text/plain", headers=key).status_code == 415
    large = client.post("/bridges/v1/orders", b"x" * 65537, content_type="application/json")
    assert (large.status_code, large.json()["code"]) == (413, "too_large")


def test_the_body_is_part_of_the_token(gas: BridgePlugin) -> None:
    token = gas.signer.token("POST", "/bridges/v1/orders", b"{}", key=KEY)
    answer = gas.signer.post("orders", b'{"a": 1}', key=KEY, token=token)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_the_key_is_part_of_the_token(gas: BridgePlugin) -> None:
    body = b"{}"
    for key in ("another-key-of-16", None):
        token = gas.signer.token("POST", "/bridges/v1/orders", body, key=key)
        assert gas.signer.post("orders", body, key=KEY, token=token).json()["code"] == "invalid_token"


def test_a_token_for_one_endpoint_does_not_open_the_next(gas: BridgePlugin) -> None:
    body = b"{}"
    token = gas.signer.token("POST", "/bridges/v1/orders", body, key=KEY)
    assert gas.signer.post("payments", body, key=KEY, token=token).json()["code"] == "invalid_token"


def test_an_installation_of_another_plugin_or_mode_is_no_issuer(gas: BridgePlugin) -> None:
    other = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    body = b"{}"
    for issuer in (other.installation.public_id, "GAS_OS", "ins_" + "0" * 26, "", "ins_\0"):
        token = gas.signer.token("POST", "/bridges/v1/orders", body, key=KEY, iss=issuer)
        assert gas.signer.post("orders", body, key=KEY, token=token).json()["code"] == "invalid_token"
    Installation.objects.filter(id=gas.installation.id).update(mode="live")
    assert gas.signer.post("orders", body).json()["code"] == "invalid_token"
