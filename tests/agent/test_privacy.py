"""What of a call is nowhere to be read afterwards, and what happens when a key of our own does not open."""

import base64
import json
from typing import Any

import pytest
from django.forms.models import model_to_dict

from kasilabs.accounts import keyring
from kasilabs.accounts.models import StoredKey
from kasilabs.logs import redact
from plugins.models import SigningSecret
from tests.support.fake_plugin_server import FakePluginServer, answers, message
from tests.support.platform import PHONE, SECRET, Build, Platform, Serve

DIGITS = PHONE.removeprefix("+")
CUSTOMER: dict[str, Any] = {"id": DIGITS, "customer": {"phone": PHONE}}


def kept(platform: Platform) -> str:
    return json.dumps([model_to_dict(row) for row in platform.rows()], default=str)


def test_a_phone_number_in_keys_and_ids_of_the_agent_is_not_kept(platform: Platform, plugin: FakePluginServer) -> None:
    headers = {"Idempotency-Key": f"order:{DIGITS}", "X-Request-Id": f"call-{DIGITS}"}
    first = platform.agent.call(conversation=CUSTOMER, headers=headers)
    again = platform.agent.call(conversation=CUSTOMER, headers=headers)
    assert (again.content, again["Idempotent-Replayed"]) == (first.content, "true")
    assert len(plugin.requests) == 1
    assert DIGITS not in kept(platform)


@pytest.mark.parametrize(
    "external_id",
    [
        f"{DIGITS}@s.whatsapp.net",
        f"{DIGITS}:12@s.whatsapp.net",
        f"whatsapp%3A%2B{DIGITS}",
        f"wa-{DIGITS}",
        "254 711 222 333",
        "0711222333",
    ],
)
def test_a_number_in_the_id_of_a_conversation_is_held_back_and_not_kept(
    build: Build, serve: Serve, external_id: str
) -> None:
    platform = build(serve(answers(message(json.dumps({"to": "+254 711 222 333"}).encode()))).url())
    answer = platform.agent.call(conversation={"id": external_id}, input={"subject": "Call 0711 222 333"})
    assert answer.json()["code"] == "unsafe_response"
    assert "711" not in json.dumps([platform.row().request, platform.row().response])


def test_a_number_an_id_could_be_may_come_back_only_when_the_plugin_was_told_it(build: Build, serve: Serve) -> None:
    platform = build(serve(answers(message(json.dumps({"to": "+254 711 222 333"}).encode()))).url())
    conversation = {"id": f"chat-{DIGITS}"}
    held_back = platform.agent.call(conversation=conversation)
    passed = platform.agent.call(conversation=conversation, input={"subject": "Call 0711 222 333"})
    assert (held_back.json()["code"], passed.status_code) == ("unsafe_response", 200)


@pytest.mark.parametrize(
    "external_id", ["order 20261127000123", "20261127000123", "254711222333@lid", "ticket-4711222333"]
)
def test_the_digits_of_an_id_that_is_no_number_pass(build: Build, serve: Serve, external_id: str) -> None:
    number = "".join(filter(str.isdigit, external_id))
    platform = build(serve(answers(message(json.dumps({"order": number}).encode()))).url())
    answer = platform.agent.call(conversation={"id": external_id}, input={"subject": f"Order {number}"})
    assert answer.json()["output"] == {"order": number}
    assert platform.row().request["input"] == {"subject": f"Order {number}"}


def test_a_signing_secret_that_the_plugin_gives_away_is_not_in_the_log(build: Build, serve: Serve) -> None:
    given: list[bytes] = []
    platform = build(serve(lambda visit: visit.send(message(given[0]))).url())
    secret = SigningSecret.objects.get(purpose="tool").reveal()
    encoded = base64.b64encode(secret.encode()).decode()
    given.append(json.dumps({"debug": encoded}).encode())
    assert platform.agent.call().json()["code"] == "unsafe_response"
    assert encoded not in kept(platform)


def test_a_platform_key_that_does_not_open_ends_the_call(platform: Platform, plugin: FakePluginServer) -> None:
    StoredKey.objects.create(scope=keyring.PLATFORM, purpose=keyring.Purpose.CHAT_TOKEN, value="v1.gone.AAAA")
    answer = platform.agent.call(conversation=CUSTOMER)
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert (platform.row().state, platform.row().public_id) == ("our_fault", answer.json()["id"])
    assert plugin.requests == []


def test_no_half_of_a_secret_stands_where_the_log_cuts_an_answer(build: Build, serve: Serve) -> None:
    before = "x" * (redact.LIMITS[0].text - len(SECRET) // 2)
    page = f"{before}{SECRET}{'x' * redact.MAX_BYTES}".encode()
    platform = build(serve(answers(message(page))).url())
    assert platform.agent.call().json()["code"] == "invalid_response"
    assert SECRET[:8] not in kept(platform)
