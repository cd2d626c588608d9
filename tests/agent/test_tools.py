"""The tool list: who gets which tool, four formats, revalidation, constant cost."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import plugins, toolkits
from grants.models import ToolGrant
from installations import lifecycle
from kasilabs.lib.states import Mode
from kasilabs.toolkits.catalogue import Toolkit
from tests.support import factories, fake_plugin_server
from tests.support.factories import ACTOR
from tests.support.platform import Build, Platform

NAME = "support_desk__create_support_ticket"
MCP_MEMBERS = {"name", "title", "description", "inputSchema", "annotations"}
KASILABS_MEMBERS = MCP_MEMBERS | {"plugin", "version", "mode", "approval"}


def test_only_the_number_with_the_grant_gets_the_tool(platform: Platform) -> None:
    assert [tool["name"] for tool in platform.agent.get().json()["tools"]] == [NAME]
    assert platform.other_agent.get().json()["tools"] == []


def test_a_tool_that_is_off_is_not_offered(platform: Platform) -> None:
    off = ToolGrant.State.OFF
    plugins.set_tool(grant=platform.grant, tool="create_support_ticket", state=off, actor=ACTOR)
    assert platform.agent.get().json()["tools"] == []


def test_the_default_format_says_where_a_tool_comes_from(platform: Platform) -> None:
    document = platform.agent.get().json()
    (tool,) = document["tools"]
    assert document["instance"] == {"id": platform.legal.public_id, "name": "Legal Consultations"}
    assert (document["toolkits"], document["suppressedToolkits"]) == ([], [])
    assert set(tool) == KASILABS_MEMBERS
    assert (tool["plugin"], tool["version"], tool["mode"], tool["approval"]) == (
        "SUPPORT_DESK",
        "1.0.0",
        "sandbox",
        "none",
    )


@pytest.mark.parametrize(
    ("form", "keys"),
    [
        ("openai", {"type", "function"}),
        ("anthropic", {"name", "description", "input_schema"}),
        ("mcp", MCP_MEMBERS),
    ],
)
def test_the_other_formats_are_what_their_clients_expect(platform: Platform, form: str, keys: set[str]) -> None:
    document = platform.agent.get(f"/agent/v1/tools?format={form}").json()
    assert set(document["tools"][0]) == keys
    assert document["revision"] == platform.agent.get().json()["revision"]


def test_the_openai_function_carries_the_schema(platform: Platform) -> None:
    function = platform.agent.get("/agent/v1/tools?format=openai").json()["tools"][0]["function"]
    assert set(function) == {"name", "description", "parameters"}
    assert function["parameters"] == factories.SUPPORT_DESK["tools"][0]["inputSchema"]


def test_an_unknown_format_is_refused(platform: Platform) -> None:
    answer = platform.agent.get("/agent/v1/tools?format=soap")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_format")


def test_the_list_revalidates_until_something_changes(platform: Platform) -> None:
    first = platform.agent.get()
    assert (first["Cache-Control"], first["Vary"]) == ("private, no-cache", "Authorization")
    again = platform.agent.get(**{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    plugins.revoke_plugin(instance=platform.legal, installation=platform.installation, actor=ACTOR)
    changed = platform.agent.get(**{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_etags_differ_between_numbers_and_formats(platform: Platform) -> None:
    tags = {
        platform.agent.get()["ETag"],
        platform.agent.get("/agent/v1/tools?format=mcp")["ETag"],
        platform.other_agent.get()["ETag"],
    }
    assert len(tags) == 3


def test_a_commerce_bridge_in_force_hides_the_raw_commerce_tools(
    build: Build, plugin: fake_plugin_server.FakePluginServer
) -> None:
    bridge = {"key": "bridge:commerce:create_order", "reason": "Orders of gas.", "default": True}
    platform = build(plugin.url(), permissions=[*factories.SUPPORT_DESK["permissions"], bridge])
    assert platform.agent.get().json()["suppressedToolkits"] == []
    toolkits.install(organization=platform.organization, toolkit=Toolkit.ECOMMERCE, actor=ACTOR)
    toolkits.grant(instance=platform.legal, toolkit=Toolkit.ECOMMERCE, actor=ACTOR)
    assert platform.agent.get().json()["suppressedToolkits"] == ["ECOMMERCE"]
    plugins.set_permission(grant=platform.grant, key="bridge:commerce:create_order", on=False, actor=ACTOR)
    assert platform.agent.get().json()["suppressedToolkits"] == []


def _many(number: int) -> list[dict[str, Any]]:
    return [{**factories.SUPPORT_DESK["tools"][0], "name": f"tool_{each:03}"} for each in range(number)]


@pytest.mark.parametrize("number", [1, 60])
def test_a_list_costs_three_statements_however_long_it_is(
    build: Build, plugin: fake_plugin_server.FakePluginServer, number: int
) -> None:
    platform = build(plugin.url())
    extra = factories.version(platform.organization, slug="MANY_TOOLS", tools=_many(number), configurationSchema=None)
    grant(platform, extra)
    platform.agent.get()
    with CaptureQueriesContext(connection) as queries:
        assert len(platform.agent.get().json()["tools"]) == number + 1
    assert len(queries) == 3


def grant(platform: Platform, version: Any) -> None:
    installed = lifecycle.install(
        organization=platform.organization, version=version, mode=Mode.SANDBOX, user=None, actor=ACTOR
    )
    configured = lifecycle.configure(installation=installed.installation, values={}, actor=ACTOR)
    plugins.grant_plugin(instance=platform.legal, installation=configured, tools=None, permissions=None, actor=ACTOR)


def listed(platform: Platform, form: str) -> dict[str, Any]:
    (tool,) = platform.agent.get(f"/agent/v1/tools?format={form}").json()["tools"]
    shown: dict[str, Any] = tool.get("function", tool)
    return shown


def test_schemas_are_passed_on_in_the_words_of_the_newest_draft(
    build: Build, plugin: fake_plugin_server.FakePluginServer
) -> None:
    reference = {"$ref": "#/definitions/Parcel%20number", "x-generator": "internal"}
    written = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "x-source": "openapi",
        "properties": {"reference": reference, "x-name": {"type": "string"}},
        "definitions": {"Parcel number": {"type": "string", "x-order": 1}},
    }
    passed_on = {
        "type": "object",
        "properties": {"reference": {"$ref": "#/$defs/Parcel%20number"}, "x-name": {"type": "string"}},
        "$defs": {"Parcel number": {"type": "string"}},
    }
    platform = build(plugin.url(), tool={"inputSchema": written, "outputSchema": written})
    assert [listed(platform, form)["inputSchema"] for form in ("kasilabs", "mcp")] == [passed_on] * 2
    assert [listed(platform, form)["outputSchema"] for form in ("kasilabs", "mcp")] == [passed_on] * 2
    assert listed(platform, "openai")["parameters"] == passed_on
    assert listed(platform, "anthropic")["input_schema"] == passed_on


def test_the_formats_of_vendors_always_carry_properties(
    build: Build, plugin: fake_plugin_server.FakePluginServer
) -> None:
    without = {"type": "object", "additionalProperties": False}
    platform = build(plugin.url(), tool={"inputSchema": without})
    assert listed(platform, "openai")["parameters"] == {**without, "properties": {}}
    assert listed(platform, "anthropic")["input_schema"] == {**without, "properties": {}}
    assert listed(platform, "mcp")["inputSchema"] == without


def test_a_title_among_the_annotations_is_the_title(build: Build, plugin: fake_plugin_server.FakePluginServer) -> None:
    platform = build(plugin.url(), tool={"annotations": {"title": "Open a ticket"}})
    assert listed(platform, "mcp")["title"] == "Open a ticket"
