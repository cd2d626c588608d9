"""One call from key to answer, over a real plugin endpoint."""

import json
import math
from collections.abc import Callable
from uuid import uuid4

import jwt
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import plugins, removal, toolkits
from grants.models import ToolGrant
from installations import aliases, lifecycle
from installations.models import CustomerAlias
from kasilabs.calls import chat_token
from kasilabs.calls.call import call_tool
from kasilabs.calls.customer import SentConversation
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.crypto import jwt as signing
from kasilabs.lib.states import Mode
from kasilabs.logs.models import Call, CallAnswer, CallState
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp import numbers
from kasilabs.whatsapp.models import Conversation, Customer, CustomerHandle
from plugins.models import SigningSecret, Version
from tests.support import factories, fake_plugin_server
from tests.support.fake_plugin_server import answers, message
from tests.support.platform import PHONE, SECRET, Build, Platform, Serve

CUSTOMER = {"id": "chat-1", "customer": {"phone": PHONE}}
TOOL = "support_desk__create_support_ticket"


def sent(plugin: fake_plugin_server.FakePluginServer, number: int = 0) -> tuple[dict[str, str], bytes]:
    """The headers (lower-case names) and the body of one request that reached the plugin."""
    head, _, body = plugin.requests[number].partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    return {name.lower(): value for name, value in fields.items()}, body


def test_a_call_reaches_the_plugin_and_its_answer_comes_back(platform: Platform) -> None:
    answer = platform.agent.call()
    document = answer.json()
    assert answer.status_code == 200
    assert document["output"] == {"status": "created", "reference": "T-1"}
    assert document["status"] == "succeeded"
    assert set(document) == {"id", "status", "output", "durationMs"}
    row = platform.row()
    assert (row.state, row.public_id, row.status) == (CallState.SUCCEEDED, document["id"], 200)


def test_the_plugin_gets_what_the_contract_says(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer
) -> None:
    platform.agent.call(conversation=CUSTOMER)
    headers, raw = sent(plugin)
    body = json.loads(raw)
    call = platform.row().public_id
    assert headers["content-type"] == "application/json"
    assert headers["idempotency-key"] == headers["x-kasilabs-call-id"] == body["id"] == call
    assert headers["traceparent"].startswith(f"00-{platform.row().id.hex}-")
    assert body["input"] == {"subject": "No invoice"}
    assert body["configuration"] == {"defaultQueue": "billing", "apiKey": SECRET}
    assert body["organization"] == {"id": platform.organization.public_id}
    assert body["instance"] == {"id": platform.legal.public_id}
    assert body["installation"] == {"id": platform.installation.public_id}
    assert body["user"] == {"id": platform.row().alias, "hashVersion": 1}
    assert set(body["bridge"]) == {"token", "url", "expiresAt"}
    assert body["mode"] == "sandbox"


def test_a_stock_jwt_library_verifies_the_platform_token(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer
) -> None:
    platform.agent.call()
    headers, raw = sent(plugin)
    secret = platform.installation.plugin.signing_secrets.get_current(Mode.SANDBOX, SigningSecret.Purpose.TOOL)
    token = headers["authorization"].removeprefix("Bearer ")
    claims = jwt.decode(
        token,
        secret.reveal(),
        algorithms=["HS256"],
        audience="SUPPORT_DESK",
        issuer="http://127.0.0.1:8000",
    )
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": secret.kid, "typ": "tool-call+jwt"}
    assert claims["exp"] - claims["iat"] == 60
    assert claims["bsh"] == signing.digest(raw)
    assert (claims["sub"], claims["call"]) == ("create_support_ticket", platform.row().public_id)
    assert (claims["org"], claims["instance"]) == (platform.organization.public_id, platform.legal.public_id)
    assert (claims["installation"], claims["mode"]) == (platform.installation.public_id, "sandbox")


def test_outside_a_conversation_there_is_no_user_and_no_bridge(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer
) -> None:
    platform.agent.call()
    body = json.loads(sent(plugin)[1])
    assert "user" not in body
    assert "bridge" not in body


def test_the_number_without_the_grant_cannot_call(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer
) -> None:
    answer = platform.other_agent.call()
    problem = answer.json()
    assert answer.status_code == 403
    assert answer["Content-Type"] == "application/problem+json"
    assert (problem["code"], problem["gate"]) == ("refused", "instance_grant")
    assert problem["explainUrl"].startswith("/o/kasi-legal/grants/explain/?number=wa_")
    assert problem["id"] == platform.row().public_id
    assert plugin.requests == []


def _suspend_number(platform: Platform) -> None:
    numbers.suspend(instance=platform.legal, actor=factories.ACTOR)


def _suspend_installation(platform: Platform) -> None:
    lifecycle.suspend(installation=platform.installation, actor=factories.ACTOR)


def _quarantine(platform: Platform) -> None:
    version = platform.installation.version
    type(version).objects.filter(pk=version.pk).update(state="quarantined")


def _take_back(platform: Platform) -> None:
    plugins.revoke_plugin(instance=platform.legal, installation=platform.installation, actor=factories.ACTOR)


def _tool_off(platform: Platform) -> None:
    off = ToolGrant.State.OFF
    plugins.set_tool(grant=platform.grant, tool="create_support_ticket", state=off, actor=factories.ACTOR)


def _permission_off(platform: Platform) -> None:
    plugins.set_permission(grant=platform.grant, key="support:tickets:create", on=False, actor=factories.ACTOR)


def _break_secret(platform: Platform) -> None:
    row = platform.installation.secrets.get()
    head, middle, body = row.value.split(".")
    flipped = ("A" if body[20] != "A" else "B").join([body[:20], body[21:]])
    type(row).objects.filter(pk=row.pk).update(value=f"{head}.{middle}.{flipped}")


def _unconfigure(platform: Platform) -> None:
    lifecycle.configure(installation=platform.installation, values={}, actor=factories.ACTOR)


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        (_suspend_number, "number"),
        (_suspend_installation, "organization_installation"),
        (_quarantine, "plugin_state"),
        (_take_back, "instance_grant"),
        (_tool_off, "tool_grant"),
        (_permission_off, "permission_grant"),
        (_unconfigure, "configuration"),
        (_break_secret, "configuration"),
    ],
)
def test_each_gate_refuses_by_name_and_nothing_is_sent(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer, change: Callable[[Platform], None], gate: str
) -> None:
    change(platform)
    answer = platform.agent.call(conversation=CUSTOMER)
    assert (answer.status_code, answer.json()["gate"]) == (403, gate)
    row = platform.row()
    assert (row.state, row.gate, row.gate_trace[-1]) == ("refused", gate, {"gate": gate, "passed": False})
    assert plugin.requests == []
    assert not Customer.objects.exists()


def test_a_required_toolkit_must_be_installed_and_granted(
    build: Build, plugin: fake_plugin_server.FakePluginServer
) -> None:
    platform = build(plugin.url(), requires=[{"toolkit": "PAYMENTS"}])
    assert platform.agent.call().json()["gate"] == "toolkit_installation"
    toolkits.install(organization=platform.organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert platform.agent.call().json()["gate"] == "toolkit_grant"
    toolkits.grant(instance=platform.legal, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert platform.agent.call().status_code == 200


def test_invalid_arguments_never_leave_the_house(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer
) -> None:
    answer = platform.agent.call(input={"subject": "x", "colour": "red"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["gate"]) == (422, "invalid_input", "input_schema")
    found = {(error["pointer"], error["code"]) for error in problem["errors"]}
    assert found == {("/input/subject", "minLength"), ("/input/colour", "additionalProperties")}
    assert plugin.requests == []
    assert platform.row().gate == "input_schema"


@pytest.mark.parametrize("tool", ["support_desk__nothing", "other__thing", "SUPPORT_DESK__create_support_ticket", "x"])
def test_an_unknown_tool_is_not_found_and_leaves_a_row(platform: Platform, tool: str) -> None:
    answer = platform.agent.call(tool)
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tool")
    assert (platform.row().tool, platform.row().gate_trace) == (tool, [])


def test_the_tools_of_a_dependency_are_unknown_to_the_agent(
    build: Build, plugin: fake_plugin_server.FakePluginServer
) -> None:
    platform = build(plugin.url(), visibility="dependency")
    assert platform.agent.call().json()["code"] == "unknown_tool"
    assert platform.agent.get().json()["tools"] == []


def test_a_known_customer_costs_six_statements_and_a_key_one_more(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    with CaptureQueriesContext(connection) as queries:
        platform.agent.call(conversation=CUSTOMER)
    with CaptureQueriesContext(connection) as with_key:
        platform.agent.call(conversation=CUSTOMER, headers={"Idempotency-Key": "k" * 16})
    assert (len(statements(queries)), len(statements(with_key))) == (6, 7)


def test_a_new_customer_costs_ten_statements(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    new = {"id": "chat-2", "customer": {"phone": "+254711222334"}}
    with CaptureQueriesContext(connection) as queries:
        platform.agent.call(conversation=new)
    assert len(statements(queries)) == 10
    assert Customer.objects.count() == 2


def statements(queries: CaptureQueriesContext) -> list[str]:
    return [each["sql"] for each in queries.captured_queries if each["sql"].split()[0] not in {"BEGIN", "COMMIT"}]


def test_a_phone_is_sealed_and_the_alias_stays(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    platform.agent.call(conversation=CUSTOMER)
    handle = CustomerHandle.objects.get()
    first, second = platform.rows()
    assert PHONE not in handle.value + handle.index
    assert PHONE.removeprefix("+") not in json.dumps([first.request, second.request])
    assert first.alias == second.alias
    assert first.alias.startswith("cus_")


def test_a_plugin_that_is_installed_anew_knows_the_same_customers(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    removal.remove(installation=platform.installation, actor=factories.ACTOR)
    version = factories.version(
        platform.organization,
        version="1.1.0",
        baseUrl=platform.installation.version.manifest.base_url,
        configurationSchema=None,
    )
    grant_new(platform, version, Mode.SANDBOX)
    with CaptureQueriesContext(connection) as queries:
        assert platform.agent.call(conversation=CUSTOMER).status_code == 200
    before, after = platform.rows()
    assert (before.version, after.version) == ("1.0.0", "1.1.0")
    assert after.installation_id != before.installation_id
    assert after.alias == before.alias != ""
    assert len(statements(queries)) == 6
    assert CustomerAlias.objects.count() == 1


def test_sandbox_and_live_see_the_same_customer_under_two_aliases(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    live = platform.installation
    live.pk, live.mode = uuid4(), Mode.LIVE
    assert aliases.derive_alias(live, Customer.objects.get().id) != platform.row().alias


def grant_new(platform: Platform, version: Version, mode: Mode) -> None:
    """Installs a version and grants it to the first number."""
    installed = lifecycle.install(
        organization=platform.organization, version=version, mode=mode, user=None, actor=factories.ACTOR
    )
    plugins.grant_plugin(
        instance=platform.legal,
        installation=installed.installation,
        tools=None,
        permissions=None,
        actor=factories.ACTOR,
    )


def test_phone_and_user_id_are_linked_and_then_either_finds_the_customer(platform: Platform) -> None:
    both = {"phone": PHONE, "userId": "KE.abc"}
    for number, customer in enumerate([both, {"userId": "KE.abc"}, {"phone": PHONE}]):
        assert platform.agent.call(conversation={"id": f"chat-{number}", "customer": customer}).status_code == 200
    assert Customer.objects.count() == 1
    assert len({row.alias for row in platform.rows()}) == 1


def test_a_second_plugin_sees_the_same_customer_under_another_alias(platform: Platform) -> None:
    manifest = {
        "slug": "OTHER_DESK",
        "baseUrl": platform.installation.version.manifest.base_url,
        "configurationSchema": None,
    }
    grant_new(platform, factories.version(platform.organization, **manifest), Mode.SANDBOX)
    for tool in (TOOL, "other_desk__create_support_ticket"):
        assert platform.agent.call(tool, conversation=CUSTOMER).status_code == 200
    first, second = platform.rows()
    assert first.customer_id == second.customer_id == Customer.objects.get().id
    assert first.alias != second.alias


def test_a_handle_of_one_customer_is_no_conflict_with_a_new_one(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    both = {"id": "chat-1", "customer": {"phone": PHONE, "userId": "KE.abc"}}
    assert platform.agent.call(conversation=both).status_code == 200
    assert sorted(CustomerHandle.objects.values_list("kind", flat=True)) == ["phone", "userId"]
    assert len({row.alias for row in platform.rows()}) == 1


def test_what_a_call_carries_has_no_repr(platform: Platform) -> None:
    call = ToolCall(platform.legal, TOOL, {"subject": SECRET}, conversation=SentConversation("chat-1", phone=PHONE))
    result = call_tool(call)
    shown = f"{call!r} {call.conversation!r} {call.customer!r} {result!r}"
    assert SECRET not in shown
    assert PHONE not in shown
    assert call.signing_secret not in shown


def test_two_known_people_are_a_conflict(platform: Platform, plugin: fake_plugin_server.FakePluginServer) -> None:
    platform.agent.call(conversation={"id": "a", "customer": {"phone": PHONE}})
    platform.agent.call(conversation={"id": "b", "customer": {"userId": "KE.abc"}})
    both = {"id": "c", "customer": {"phone": PHONE, "userId": "KE.abc"}}
    answer = platform.agent.call(conversation=both)
    assert (answer.status_code, answer.json()["code"]) == (409, "customer_conflict")
    assert len(plugin.requests) == 2
    assert Conversation.objects.count() == 2


def test_a_conversation_keeps_its_first_customer(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    answer = platform.agent.call(conversation={"id": "chat-1", "customer": {"phone": "+254711999888"}})
    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_mismatch")
    assert Customer.objects.count() == 1


def test_a_call_without_customer_uses_the_one_of_the_conversation(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    platform.agent.call(conversation={"id": "chat-1"})
    first, second = platform.rows()
    assert first.alias == second.alias != ""


def test_the_same_key_and_body_replay_the_stored_answer(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer
) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    first, second = platform.agent.call(headers=headers), platform.agent.call(headers=headers)
    assert (first.content, first.status_code) == (second.content, second.status_code)
    assert "Idempotent-Replayed" not in first.headers
    assert second["Idempotent-Replayed"] == "true"
    assert len(plugin.requests) == len(platform.rows()) == 1
    assert "T-1" not in CallAnswer.objects.get().body


def test_the_same_key_with_another_body_is_refused(
    platform: Platform, plugin: fake_plugin_server.FakePluginServer
) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    platform.agent.call(headers=headers)
    answer = platform.agent.call(headers=headers, input={"subject": "Another"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(plugin.requests) == len(platform.rows()) == 1


def test_failures_are_replayed_too(build: Build, serve: Serve) -> None:
    plugin = serve(answers(message(b"{}", status="500 Oops")))
    platform = build(plugin.url())
    headers = {"Idempotency-Key": "0123456789abcdef"}
    first, second = platform.agent.call(headers=headers), platform.agent.call(headers=headers)
    assert first.status_code == second.status_code == 502
    assert first.content == second.content
    assert len(plugin.requests) == 1


def test_a_refused_call_claims_no_key(platform: Platform) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    _tool_off(platform)
    assert platform.agent.call(headers=headers).status_code == 403
    plugins.set_tool(
        grant=platform.grant, tool="create_support_ticket", state=ToolGrant.State.ON, actor=factories.ACTOR
    )
    assert platform.agent.call(headers=headers).status_code == 200


def test_a_conflict_about_the_customer_claims_no_key(platform: Platform) -> None:
    platform.agent.call(conversation=CUSTOMER)
    other = {"id": "chat-1", "customer": {"phone": "+254711999888"}}
    headers = {"Idempotency-Key": "0123456789abcdef"}
    answers = [platform.agent.call(conversation=other, headers=headers) for _time in range(2)]
    assert [answer.json()["code"] for answer in answers] == ["conversation_mismatch"] * 2
    assert platform.agent.call(conversation=CUSTOMER, headers=headers).status_code == 200


def test_the_key_of_a_call_in_flight_answers_in_progress(platform: Platform) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    platform.agent.call(headers=headers)
    Call.objects.update(state="open", lost_after="2999-01-01T00:00:00Z")
    answer = platform.agent.call(headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
    assert int(answer["Retry-After"]) > 0


def test_the_key_of_a_lost_call_answers_that_it_timed_out(platform: Platform) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    platform.agent.call(headers=headers)
    Call.objects.update(state="open", lost_after="2020-01-01T00:00:00Z")
    answer = platform.agent.call(headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (504, "plugin_timeout")
    assert platform.row().state == "lost"


def test_an_answer_older_than_a_day_is_no_longer_kept(platform: Platform) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    platform.agent.call(headers=headers)
    CallAnswer.objects.update(expires="2020-01-01T00:00:00Z")
    answer = platform.agent.call(headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_expired")


def test_two_numbers_may_use_the_same_key(platform: Platform) -> None:
    plugins.grant_plugin(
        instance=platform.billing,
        installation=platform.installation,
        tools=None,
        permissions=None,
        actor=factories.ACTOR,
    )
    headers = {"Idempotency-Key": "0123456789abcdef"}
    assert platform.agent.call(headers=headers).json()["id"] != platform.other_agent.call(headers=headers).json()["id"]


def test_a_mistake_of_our_own_ends_the_row_and_says_so(
    build: Build, plugin: fake_plugin_server.FakePluginServer
) -> None:
    """No API lets NaN in; if one ever does, the body cannot be written and the call must not stay open."""
    platform = build(plugin.url(), tool={"inputSchema": {"type": "object"}})
    first, second = (
        call_tool(ToolCall(platform.legal, TOOL, {"amount": math.nan}, idempotency_key="k" * 16)) for _time in range(2)
    )
    assert (first.status, first.document["code"]) == (500, "server_error")
    assert second.stored == first.document
    assert (platform.row().state, platform.row().detail) == ("our_fault", "Something went wrong inside the platform.")
    assert plugin.requests == []


def test_the_row_says_where_the_time_went(platform: Platform) -> None:
    platform.agent.call()
    timings = platform.row().timings
    assert set(timings) == {"gates_ms", "lookup_ms", "connect_ms", "wait_ms", "read_ms", "check_ms"}
    assert timings["gates_ms"] > 0
    assert timings["wait_ms"] > 0


def test_the_chat_token_carries_only_permissions_in_force(
    build: Build, plugin: fake_plugin_server.FakePluginServer
) -> None:
    asked = ["bridge:payments:initiate", "bridge:escalations:create", "bridge:background"]
    bridges = [{"key": key, "reason": "For tickets.", "default": True} for key in asked]
    platform = build(plugin.url(), permissions=[*factories.SUPPORT_DESK["permissions"], *bridges])
    toolkits.install(organization=platform.organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    toolkits.grant(instance=platform.legal, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    platform.agent.call(conversation=CUSTOMER)
    token = json.loads(sent(plugin)[1])["bridge"]["token"]
    assert chat_token.read(token).acts == {"bridge:payments:initiate", "bridge:background"}
