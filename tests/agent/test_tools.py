"""The tool list: who gets which tool, four formats, revalidation, constant cost."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.changes import plugins
from grants.models import ToolGrant
from installations import lifecycle
from kasilabs.logs.models import Mode
from tests import hostile, make
from tests.ground import Build, Ground

NAME = "support_desk__create_support_ticket"
MCP_MEMBERS = {"name", "title", "description", "inputSchema", "annotations"}
KASILABS_MEMBERS = MCP_MEMBERS | {"plugin", "version", "mode", "approval"}


def test_only_the_number_with_the_grant_gets_the_tool(ground: Ground) -> None:
    assert [tool["name"] for tool in ground.agent.get().json()["tools"]] == [NAME]
    assert ground.other_agent.get().json()["tools"] == []


def test_a_tool_that_is_off_is_not_offered(ground: Ground) -> None:
    off = ToolGrant.State.OFF
    plugins.set_tool(grant=ground.grant, tool="create_support_ticket", state=off, actor=make.ACTOR)
    assert ground.agent.get().json()["tools"] == []


def test_the_default_format_says_where_a_tool_comes_from(ground: Ground) -> None:
    document = ground.agent.get().json()
    (tool,) = document["tools"]
    assert document["instance"] == {"id": ground.legal.public_id, "name": "Legal Consultations"}
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
def test_the_other_formats_are_what_their_clients_expect(ground: Ground, form: str, keys: set[str]) -> None:
    document = ground.agent.get(f"/agent/v1/tools?format={form}").json()
    assert set(document["tools"][0]) == keys
    assert document["revision"] == ground.agent.get().json()["revision"]


def test_the_openai_function_carries_the_schema(ground: Ground) -> None:
    function = ground.agent.get("/agent/v1/tools?format=openai").json()["tools"][0]["function"]
    assert set(function) == {"name", "description", "parameters"}
    assert function["parameters"] == make.SUPPORT_DESK["tools"][0]["inputSchema"]


def test_an_unknown_format_is_refused(ground: Ground) -> None:
    answer = ground.agent.get("/agent/v1/tools?format=soap")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_format")


def test_the_list_revalidates_until_something_changes(ground: Ground) -> None:
    first = ground.agent.get()
    assert (first["Cache-Control"], first["Vary"]) == ("private, no-cache", "Authorization")
    again = ground.agent.get(**{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    plugins.ungrant(grant=ground.grant, actor=make.ACTOR)
    changed = ground.agent.get(**{"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_etags_differ_between_numbers_and_formats(ground: Ground) -> None:
    tags = {
        ground.agent.get()["ETag"],
        ground.agent.get("/agent/v1/tools?format=mcp")["ETag"],
        ground.other_agent.get()["ETag"],
    }
    assert len(tags) == 3


def test_holding_a_commerce_bridge_hides_the_raw_commerce_tools(build: Build, plugin: hostile.HostileServer) -> None:
    bridge = {"key": "bridge:commerce:create_order", "reason": "Orders of gas.", "default": True}
    ground = build(plugin.url(), permissions=[*make.SUPPORT_DESK["permissions"], bridge])
    assert ground.agent.get().json()["suppressedToolkits"] == ["ECOMMERCE"]
    plugins.set_permission(grant=ground.grant, key="bridge:commerce:create_order", on=False, actor=make.ACTOR)
    assert ground.agent.get().json()["suppressedToolkits"] == []


def _many(number: int) -> list[dict[str, Any]]:
    return [{**make.SUPPORT_DESK["tools"][0], "name": f"tool_{each:03}"} for each in range(number)]


@pytest.mark.parametrize("number", [1, 60])
def test_a_list_costs_three_statements_however_long_it_is(
    build: Build, plugin: hostile.HostileServer, number: int
) -> None:
    ground = build(plugin.url())
    extra = make.version(ground.organization, slug="MANY_TOOLS", tools=_many(number), configurationSchema=None)
    grant(ground, extra)
    ground.agent.get()
    with CaptureQueriesContext(connection) as queries:
        assert len(ground.agent.get().json()["tools"]) == number + 1
    assert len(queries) == 3


def grant(ground: Ground, version: Any) -> None:
    installed = lifecycle.install(
        organization=ground.organization, version=version, mode=Mode.SANDBOX, user=None, actor=make.ACTOR
    )
    configured = lifecycle.configure(installation=installed.installation, values={}, actor=make.ACTOR)
    plugins.grant_plugin(instance=ground.legal, installation=configured, tools=None, permissions=None, actor=make.ACTOR)
