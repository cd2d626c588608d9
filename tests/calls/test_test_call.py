import json
from typing import Any

import pytest

from grants.changes import removal, toolkits
from grants.install.plan import InstallPlan, set_up_plugin
from installations.models import Installation
from kasilabs.accounts.models import Member
from kasilabs.calls.console import sample_input
from kasilabs.configuration.command_line import read_settings
from kasilabs.lib.states import Mode
from kasilabs.logs.models import Call
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from tests.grants.conftest import FIND
from tests.support import factories, fake_plugin_server
from tests.support.factories import ACTOR
from tests.support.fake_plugin_server import answers, message
from tests.support.platform import Serve
from tests.support.visits import As, hidden_fields, page

PAGE = "/o/kasi-legal/installations/new/SUPPORT_DESK/test/"
HTMX = {"HX-Request": "true"}
CREATE = "create_support_ticket"
CANARY = "sk-canary-4417-zulu-9Q2X"
EXAMPLE = {"message": "My invoice is wrong", "input": {"subject": "Wrong invoice"}}
TOOLS = [{**factories.SUPPORT_DESK["tools"][0], "examples": [EXAMPLE]}, FIND]

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def plugin(serve: Serve) -> fake_plugin_server.FakePluginServer:
    return serve(answers(message(b'{"reference": "T-1", "phone": "+254711222333"}')))


def install(cast: factories.Cast, url: str, *numbers: Instance, **changes: Any) -> Installation:
    version = factories.version(cast.organization, **{"baseUrl": url, "tools": TOOLS, **changes})
    settings = read_settings(version.manifest.configuration, ["defaultQueue=billing"], [f"apiKey={CANARY}"])
    plan = InstallPlan(cast.organization, version, Mode.SANDBOX, settings, numbers)
    return set_up_plugin(plan, user=None, actor=ACTOR).installation


@pytest.fixture
def legal(cast: factories.Cast, plugin: fake_plugin_server.FakePluginServer) -> Instance:
    """A number that may use the plugin."""
    number = factories.number(cast.organization)
    install(cast, plugin.url(), number)
    return number


def typed(number: Instance, given: Any, tool: str = CREATE) -> dict[str, str]:
    text = given if isinstance(given, str) else json.dumps(given)
    return {"number": number.public_id, "tool": tool, "input": text}


def test_the_form_begins_with_the_tool_that_only_reads_and_the_authors_example(
    legal: Instance, cast: factories.Cast, as_: As
) -> None:
    developer = as_(cast.developer)
    first, other = page(developer.get(PAGE)), page(developer.get(PAGE + f"?tool={CREATE}"))
    assert 'name="tool" value="find_support_ticket"' in first
    assert "Wrong invoice" in other
    assert "The call is real" in other
    assert "The call is real" not in first


def test_the_form_begins_with_a_tool_that_a_number_has_the_permissions_for(
    cast: factories.Cast, plugin: fake_plugin_server.FakePluginServer, as_: As
) -> None:
    read = {"key": "support:tickets:read", "label": "Read tickets", "description": "Reads tickets."}
    tools = [TOOLS[0], {**FIND, "permissions": [read["key"]]}]
    permissions = [*factories.SUPPORT_DESK["permissions"], read]
    install(cast, plugin.url(), factories.number(cast.organization), permissions=permissions, tools=tools)
    assert f'name="tool" value="{CREATE}"' in page(as_(cast.developer).get(PAGE))


def test_a_test_call_is_a_real_call_with_the_real_result(
    legal: Instance, plugin: fake_plugin_server.FakePluginServer, cast: factories.Cast, as_: As
) -> None:
    answer = as_(cast.developer).post(PAGE, typed(legal, {"subject": "No invoice"}))
    call = Call.objects.get()
    assert answer["Location"] == f"{PAGE}?tool={CREATE}&call={call.public_id}"
    assert (call.state, call.tested_by, call.mode) == ("succeeded", cast.developer.email, "sandbox")
    assert json.loads(plugin.requests[0].split(b"\r\n\r\n")[1])["input"] == {"subject": "No invoice"}
    shown = page(as_(cast.developer).get(answer["Location"]))
    assert "T-1" in shown
    assert f"/o/kasi-legal/logs/{call.public_id}/" in shown


def test_a_page_about_another_installation_calls_nothing(
    legal: Instance, plugin: fake_plugin_server.FakePluginServer, cast: factories.Cast, as_: As
) -> None:
    developer = as_(cast.developer)
    opened = hidden_fields(developer.get(PAGE))
    removal.remove(installation=Installation.objects.get(), actor=ACTOR)
    install(cast, plugin.url(), legal, version="1.1.0")
    answer = developer.post(PAGE, {**opened, **typed(legal, {"subject": "No invoice"})})
    assert answer.status_code == 422
    assert "Not called: the plugin was installed anew since this page was opened." in page(answer)
    assert (plugin.requests, Call.objects.count()) == ([], 0)
    again = {**hidden_fields(answer), **typed(legal, {"subject": "No invoice"})}
    assert developer.post(PAGE, again).status_code == 302


def test_with_script_the_result_comes_in_place(legal: Instance, cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.developer).post(PAGE, typed(legal, {"subject": "No invoice"}), headers=HTMX))
    assert shown.strip().startswith('<div id="try">')
    assert "T-1" in shown
    assert "+254711222333" in shown
    assert "No invoice" in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"subject": ', "This is not valid JSON. Look at line 1."),
        ("[1]", "This must be one JSON object. Look at line 1."),
        ('{"a": 1, "a": 2}', "This name stands twice in the same object."),
        ('{"a": NaN}', "NaN and Infinity are not JSON numbers."),
        ("", "Write a JSON object, such as {}."),
        ('{"a": "' + "é" * 33_000 + '"}', "This is longer than an agent may send."),
    ],
)
def test_what_is_no_json_object_is_kept_and_not_sent(
    legal: Instance, plugin: fake_plugin_server.FakePluginServer, cast: factories.Cast, as_: As, text: str, words: str
) -> None:
    answer = as_(cast.developer).post(PAGE, typed(legal, text))
    assert answer.status_code == 422
    assert words in page(answer)
    assert text.replace('"', "&quot;") in page(answer)
    assert (Call.objects.count(), plugin.requests) == (0, [])


def test_input_that_breaks_the_schema_is_refused_at_its_gate_with_every_place(
    legal: Instance, plugin: fake_plugin_server.FakePluginServer, cast: factories.Cast, as_: As
) -> None:
    answer = as_(cast.developer).post(PAGE, typed(legal, {"subject": "x", "colour": "red"}))
    assert answer.status_code == 422
    assert "<code>/input/subject</code>" in page(answer)
    assert "<code>/input/colour</code>" in page(answer)
    assert "colour&quot;: &quot;red" in page(answer)
    assert (Call.objects.get().gate, plugin.requests) == ("input_schema", [])


def test_a_refusal_names_its_gate_and_the_page_that_explains_it(
    cast: factories.Cast, plugin: fake_plugin_server.FakePluginServer, as_: As
) -> None:
    number = factories.number(cast.organization)
    install(cast, plugin.url(), number, requires=[{"toolkit": "ESCALATIONS"}])
    shown = page(as_(cast.developer).post(PAGE, typed(number, {"subject": "No invoice"}), follow=True))
    assert "Not installed for this organization: ESCALATIONS." in shown
    assert "<code>toolkit_installation</code>" in shown
    assert f"grants/explain/?number={number.public_id}&amp;tool=support_desk__{CREATE}" in shown
    assert plugin.requests == []
    toolkits.install(organization=cast.organization, toolkit=Toolkit.ESCALATIONS, actor=ACTOR)
    toolkits.grant(instance=number, toolkit=Toolkit.ESCALATIONS, actor=ACTOR)
    assert "T-1" in page(as_(cast.developer).post(PAGE, typed(number, {"subject": "No invoice"}), follow=True))


def test_a_plugin_that_refuses_the_token_is_told_apart(cast: factories.Cast, serve: Serve, as_: As) -> None:
    refuses = message(b'{"error": {"code": "bad_token", "message": "no"}}', status="401 Unauthorized")
    number = factories.number(cast.organization)
    install(cast, serve(answers(refuses)).url(), number)
    shown = page(as_(cast.developer).post(PAGE, typed(number, {"subject": "No invoice"}), headers=HTMX))
    assert "<code>plugin_auth</code>" in shown
    assert "The plugin answered 401." in shown
    assert "Check that your endpoint has the tool-call secret." in shown


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (message(b'{"id": "12"}'), "At /id, keyword type: This must be a whole number."),
        (message(b'\xef\xbb\xbf{"id": 1}'), "Line 1: Leave out the byte order mark at the start."),
        (message(b'{"id": 1, "id": 2}'), "At /id: This name stands twice in the same object."),
        (message(b'{"id": 1e400}'), "A number is too large."),
        (message(b"", "Location: /hook/", status="307 Temporary Redirect"), "The redirect leads to 127.0.0.1:"),
        (message(b"{}", "Content-Encoding: br"), "Its encoding is br, and it has 2\u00a0bytes."),
        (message(b'{"error": {"code": "no_stock", "message": "Nothing left."}}', status="409 No"), "Nothing left."),
    ],
)
def test_what_the_plugin_answered_wrong_is_named_to_who_tries_it(
    cast: factories.Cast, serve: Serve, as_: As, answer: bytes, said: str
) -> None:
    number, schema = factories.number(cast.organization), {"type": "object", "properties": {"id": {"type": "integer"}}}
    tools = [{**TOOLS[0], "outputSchema": schema}]
    install(cast, serve(answers(answer)).url(), number, tools=tools)
    shown = page(as_(cast.developer).post(PAGE, typed(number, {"subject": "Invoice"}), headers=HTMX))
    assert said in shown


def test_a_decline_is_no_fault_to_who_tries_the_plugin(cast: factories.Cast, serve: Serve, as_: As) -> None:
    number, body = factories.number(cast.organization), b'{"error": {"code": "no_stock", "message": "Nothing left."}}'
    install(cast, serve(answers(message(body, status="409 No"))).url(), number)
    shown = page(as_(cast.developer).post(PAGE, typed(number, {"subject": "Invoice"}), headers=HTMX))
    assert "<code>no_stock</code>" in shown
    assert '<div id="status" hx-swap-oob="innerHTML">Declined. Nothing left.</div>' in shown
    assert 'class="alert bad"' not in shown


@pytest.mark.parametrize("changes", [{"number": "billing"}, {"number": "nonsense"}, {"tool": ""}])
def test_a_number_without_the_plugin_cannot_be_called_for(
    legal: Instance, plugin: fake_plugin_server.FakePluginServer, cast: factories.Cast, as_: As, changes: dict[str, str]
) -> None:
    billing = factories.number(cast.organization, "Billing Support")
    sent = typed(legal, {"subject": "No invoice"}) | changes
    sent["number"] = sent["number"].replace("billing", billing.public_id)
    assert as_(cast.developer).post(PAGE, sent).status_code == 422
    assert (Call.objects.count(), plugin.requests) == (0, [])


def test_a_call_of_somebody_else_is_not_shown(legal: Instance, cast: factories.Cast, as_: As) -> None:
    made = as_(cast.developer).post(PAGE, typed(legal, {"subject": "No invoice"}))["Location"]
    assert "T-1" in page(as_(cast.developer).get(made))
    assert "T-1" not in page(as_(cast.admin).get(made))
    assert as_(cast.admin).get(PAGE + "?call=nonsense").status_code == 200


def test_the_signing_secrets_are_offered_to_developers_only(legal: Instance, cast: factories.Cast, as_: As) -> None:
    Member.objects.filter(user=cast.admin).update(withdrawn=["plugins.develop"])
    assert "Show the secrets once" in page(as_(cast.developer).get(PAGE))
    assert "Show the secrets once" not in page(as_(cast.admin).get(PAGE))


def test_a_plugin_for_other_plugins_has_nothing_to_call(
    cast: factories.Cast, plugin: fake_plugin_server.FakePluginServer, as_: As
) -> None:
    number = factories.number(cast.organization)
    install(cast, plugin.url(), number, visibility="dependency")
    developer = as_(cast.developer)
    assert "There is nothing to call." in page(developer.get(PAGE))
    assert "There is nothing to call." in page(developer.post(PAGE, typed(number, {"subject": "No invoice"})))
    assert Call.objects.count() == 0


def test_a_suspended_number_refuses_the_test_call(
    legal: Instance, plugin: fake_plugin_server.FakePluginServer, cast: factories.Cast, as_: As
) -> None:
    Instance.objects.update(state=Instance.State.SUSPENDED)
    shown = page(as_(cast.developer).post(PAGE, typed(legal, {"subject": "No invoice"}), headers=HTMX))
    assert "Legal Consultations is suspended." in shown
    assert plugin.requests == []


def test_the_input_begins_with_what_the_schema_requires(cast: factories.Cast) -> None:
    properties = {
        "subject": {"type": "string"},
        "queue": {"type": "string", "enum": ["legal", "billing"]},
        "copies": {"type": "integer", "default": 2},
        "kind": {"type": "string", "examples": ["fault"]},
        "note": {"type": "string", "description": "For the team."},
    }
    rules = {"type": "object", "properties": properties, "required": ["subject", "queue", "copies", "kind", "free"]}
    tool = {**factories.SUPPORT_DESK["tools"][0], "inputSchema": rules}
    manifest = factories.version(cast.organization, tools=[tool]).manifest
    text = sample_input.example(manifest, manifest.tools[0])
    assert json.loads(text) == {"subject": "", "queue": "legal", "copies": 2, "kind": "fault", "free": None}
    assert [member.name for member in sample_input.properties(manifest.tools[0])][-1] == "note"
