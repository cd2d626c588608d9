"""Bridge requests in the plugin log: told apart, with their key, linked with their call and with each other."""

import secrets
from typing import Any

import pytest
from django.test import Client

from kasilabs.accounts.permissions import Role
from kasilabs.logs.models import Call
from tests.support import factories
from tests.support.bridges import ORDERED, BridgePlugin


@pytest.fixture
def operator(gas: BridgePlugin) -> Client:
    client = Client()
    client.force_login(factories.member(gas.organization, Role.OPERATOR).user)
    return client


def page(client: Client, path: str = "") -> str:
    answer: Any = client.get(f"/o/kasi-gas/logs/{path}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_list_tells_bridge_requests_apart(gas: BridgePlugin, operator: Client) -> None:
    chat = gas.chat()
    gas.signer.post("orders", ORDERED, chat=chat.token)
    listed = page(operator)
    assert "commerce:create_order" in listed
    assert "gas_os__create_support_ticket" in listed
    only_bridges = page(operator, "?kind=bridge")
    assert "gas_os__create_support_ticket" not in only_bridges.partition('id="calls"')[2]
    only_tools = page(operator, "?kind=tool")
    assert "commerce:create_order" not in only_tools.partition('id="calls"')[2]


def test_a_log_without_bridge_requests_offers_no_kind(gas: BridgePlugin, operator: Client) -> None:
    gas.chat()
    assert "kind=bridge" not in page(operator)


def test_a_request_leads_to_its_call_and_the_call_to_its_requests(gas: BridgePlugin, operator: Client) -> None:
    chat, key = gas.chat(), secrets.token_hex(16)
    gas.signer.post("orders", ORDERED, chat=chat.token, key=key)
    request = Call.objects.get(kind="bridge")
    shown = page(operator, f"{request.public_id}/")
    assert key in shown
    assert f'href="/o/kasi-gas/logs/{chat.call.public_id}/"' in shown
    assert f'href="/o/kasi-gas/logs/{request.public_id}/"' in page(operator, f"{chat.call.public_id}/")


def test_a_replay_leads_to_the_first_request_and_back(gas: BridgePlugin, operator: Client) -> None:
    key = secrets.token_hex(16)
    for _each in range(2):
        gas.signer.post("orders", gas.body(**ORDERED), key=key)
    first, again = Call.objects.order_by("id")
    assert f'href="/o/kasi-gas/logs/{first.public_id}/"' in page(operator, f"{again.public_id}/")
    assert f'href="/o/kasi-gas/logs/{again.public_id}/"' in page(operator, f"{first.public_id}/")


def test_a_refused_request_shows_its_gates_and_what_the_plugin_got(gas: BridgePlugin, operator: Client) -> None:
    gas.signer.post("orders", gas.body())
    shown = page(operator, f"{Call.objects.get().public_id}/")
    assert "input_schema" in shown
    assert "tool_grant" not in shown
    assert "The plugin got" in shown


def test_a_request_without_a_number_is_shown_too(gas: BridgePlugin, operator: Client) -> None:
    token = gas.signer.token("GET", "/bridges/v1/installations", iss="GAS_OS")
    gas.signer.get("installations", token=token)
    assert "rate_limit" in page(operator, f"{Call.objects.get().public_id}/")


def test_a_bridge_request_is_found_by_its_id(gas: BridgePlugin, operator: Client) -> None:
    gas.signer.post("orders", gas.body(**ORDERED))
    row = Call.objects.get()
    found = operator.get(f"/o/kasi-gas/logs/?call={row.public_id}")
    assert found["Location"] == f"/o/kasi-gas/logs/{row.public_id}/"
