"""The samples as authors and the demo run them: processes of their own, called by the platform over real HTTP."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from grants.changes import plugins, toolkits
from installations import lifecycle
from installations.models import Installation
from kasilabs.calls.dispatch.tokens import platform_token
from kasilabs.configuration.command_line import read_settings
from kasilabs.lib import ids
from kasilabs.lib.states import Mode
from kasilabs.logs.models import Call
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp import agent_keys
from plugins import registry, signing_secrets
from plugins.models import SigningSecret
from tests.support import factories, samples
from tests.support.gunicorn import free_port
from tests.support.platform import Agent, call_to_sign
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]
FOLDERS = {"SUPPORT_DESK": "support_desk", "GAS_OS": "gas_os"}
VALUES = {"SUPPORT_DESK": ["defaultQueue=billing"], "GAS_OS": []}
WANJIRU = {"id": "chat-1", "customer": {"phone": "+254711222333"}}
TICKET = {"subject": "Wrong amount", "description": "The October invoice is wrong."}
OTIENO = {"id": "chat-2", "customer": {"phone": "+254711222334"}}


@dataclass
class Sample:
    """A sample that answers at `url`, installed and granted to a number whose agent calls it."""

    url: str
    secret: str
    agent: Agent

    def call(self, tool: str, given: dict[str, Any], **members: Any) -> Any:
        answer = self.agent.post({"tool": tool, "input": given, **members})
        assert answer.status_code == 200, answer.content
        return answer.json()["output"]


@pytest.fixture
def desk(settings: Any) -> Iterator[Sample]:
    with _sample("SUPPORT_DESK", settings) as sample:
        yield sample


@pytest.fixture
def gas(settings: Any) -> Iterator[Sample]:
    with _sample("GAS_OS", settings) as sample:
        yield sample


@contextmanager
def _sample(slug: str, settings: Any) -> Iterator[Sample]:
    port, organization = free_port(), factories.organization()
    settings.PLUGIN_HOSTS_ALLOWED = f"{FOLDERS[slug].replace('_', '-')}.localhost=127.0.0.1:{port}"
    raw = (samples.EXAMPLES / FOLDERS[slug] / "manifest.json").read_bytes()
    version = registry.add_version(organization=organization, actor=factories.ACTOR, raw=raw).version
    installed = lifecycle.install(
        organization=organization, version=version, mode=Mode.SANDBOX, user=None, actor=factories.ACTOR
    )
    given = read_settings(version.manifest.configuration, VALUES[slug], [])
    installation = lifecycle.configure(installation=installed.installation, values=given.values, actor=factories.ACTOR)
    number, keys = factories.number(organization), [permission.key for permission in version.manifest.permissions]
    plugins.grant_plugin(
        instance=number, installation=installation, tools=None, permissions=keys, actor=factories.ACTOR
    )
    toolkits.install(organization=organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    toolkits.grant(instance=number, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    tool = version.plugin.signing_secrets.get_current(Mode.SANDBOX, SigningSecret.Purpose.TOOL)
    secret, agent = tool.reveal(), Agent(agent_keys.issue(instance=number, actor=factories.ACTOR).text)
    with samples.running(FOLDERS[slug], port, f"plsec_next, {secret}"):  # As while a secret is replaced.
        yield Sample(f"http://127.0.0.1:{port}/tools", secret, agent)


def test_a_ticket_is_made_and_found_by_its_customer_alone(desk: Sample) -> None:
    made = desk.call("support_desk__create_support_ticket", TICKET, conversation=WANJIRU)
    assert made == {"status": "created", "reference": "T-1001", "queue": "billing"}
    wanted = {"reference": "T-1001"}
    found = desk.call("support_desk__find_support_ticket", wanted, conversation=WANJIRU)
    assert found == {"status": "found", **wanted, "subject": "Wrong amount", "state": "open", "queue": "billing"}
    theirs = desk.call("support_desk__find_support_ticket", wanted, conversation=OTIENO)
    assert theirs == {"status": "not_found", **wanted}


def test_a_ticket_is_closed_once_and_the_second_time_declined(desk: Sample) -> None:
    desk.call("support_desk__create_support_ticket", TICKET, conversation=WANJIRU)
    wanted = {"reference": "T-1001"}
    closed = desk.call("support_desk__close_support_ticket", wanted, conversation=WANJIRU)
    assert closed == {"status": "closed", **wanted}
    again = desk.agent.call("support_desk__close_support_ticket", input=wanted, conversation=WANJIRU)
    theirs = desk.agent.call("support_desk__close_support_ticket", input=wanted, conversation=OTIENO)
    assert [(answer.status_code, answer.json()["pluginCode"]) for answer in (again, theirs)] == [
        (422, "ticket_closed"),
        (422, "no_such_ticket"),
    ]


def test_a_callback_is_told_the_number_where_the_manifest_marks_it(desk: Sample) -> None:
    number = "+254711222333"
    given = {"phone": number, "topic": f"My invoice, call {number}"}
    answer = desk.agent.call("support_desk__request_callback", input=given, conversation=WANJIRU).json()
    assert answer["output"] == {"status": "requested", "message": f"Somebody will call {number} today."}
    assert answer["masked"] == ["/input/topic"]


def test_an_order_is_quoted_with_delivery(gas: Sample) -> None:
    products = gas.call("gas_os__list_products", {"category": "refill"})
    assert [product["sku"] for product in products["products"]] == ["GAS-6KG", "GAS-13KG"]
    quote = gas.call("gas_os__quote_order", {"product": "GAS-13KG", "quantity": 2, "estate": "Kileleshwa"})
    assert quote["total"] == {"amountMinor": 550_000, "currency": "KES"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"not JSON", b"\xff" * 100])
def test_a_sample_refuses_what_brings_no_token(desk: Sample, body: bytes) -> None:
    answer = requests.post(desk.url, body, timeout=HANGS_AFTER_SECONDS)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_token")


def test_a_sample_answers_in_one_piece(desk: Sample) -> None:
    host, port = desk.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=HANGS_AFTER_SECONDS) as connection:
        for _ in range(3):
            connection.sendall(b"POST /tools HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
            assert connection.recv(65_536).endswith(b"}}")


def test_a_refused_token_reaches_the_agent_as_gate_plugin_auth(desk: Sample) -> None:
    plugin, purpose = SigningSecret.objects.all()[0].plugin, SigningSecret.Purpose.TOOL
    signing_secrets.rotate(plugin=plugin, mode=Mode.SANDBOX, purpose=purpose, actor=factories.ACTOR, at_once=True)
    answer = desk.agent.call(input=TICKET)
    assert (answer.status_code, answer.json()["gate"]) == (502, "plugin_auth")
    assert Call.objects.get().plugin_status == 401


def test_a_call_id_that_comes_again_makes_no_second_ticket(desk: Sample) -> None:
    installation, call_id = Installation.objects.get(), ids.uuid7()
    number = installation.organization.instances.get()
    call = call_to_sign(installation, number, call_id=call_id, tool="create_support_ticket", secret=desk.secret)
    body = {
        "id": call.public_id,
        "tool": "create_support_ticket",
        "input": TICKET,
        "configuration": {"defaultQueue": "x"},
    }
    raw = json.dumps({**body, "organization": {"id": "org_1"}}).encode()
    references = []
    for _attempt in range(2):
        token = platform_token(call, raw)
        answer = requests.post(desk.url, raw, headers={"Authorization": f"Bearer {token}"}, timeout=HANGS_AFTER_SECONDS)
        references.append(answer.json()["reference"])
    assert references == ["T-1001", "T-1001"]
