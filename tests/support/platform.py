"""A number with a plugin behind it that really listens, and an agent that really asks."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from django.test import Client

from grants.changes import plugins
from grants.decision.context import InstalledPlugin
from grants.models import PluginGrant
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.calls.tool_call import ToolCall
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.states import Mode
from kasilabs.logs.models import Call
from kasilabs.whatsapp import agent_keys
from kasilabs.whatsapp.models import Instance
from plugins.manifest import document
from tests.support import factories, fake_plugin_server
from tests.support.fake_plugin_server import FakePluginServer

SECRET = "sk-live-0123456789-canary-7F2Q"
PHONE = "+254711222333"


@dataclass
class Agent:
    """The agent of one number: it knows its key and the two addresses, nothing else."""

    key: str
    client: Client = field(default_factory=Client)

    def get(self, path: str = "/agent/v1/tools", **headers: str) -> Any:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.key}", **headers})

    def post(self, body: Any, **headers: str) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers}
        content_type = sent.pop("Content-Type")
        return self.client.post("/agent/v1/calls", raw, content_type=content_type, headers=sent)

    def call(self, tool: str = "support_desk__create_support_ticket", **members: Any) -> Any:
        headers = members.pop("headers", {})
        body = {"tool": tool, "input": {"subject": "No invoice"}, **members}
        return self.post(body, **headers)


@dataclass
class Platform:
    """An organization with two numbers; SUPPORT_DESK is granted to the first of them only."""

    organization: Organization
    legal: Instance
    billing: Instance
    installation: Installation
    grant: PluginGrant
    agent: Agent
    other_agent: Agent

    def rows(self) -> list[Call]:
        return list(Call.objects.order_by("id"))

    def row(self) -> Call:
        """The only row there is."""
        (row,) = self.rows()
        return row


Serve = Callable[[fake_plugin_server.Behaviour], FakePluginServer]
Build = Callable[..., Platform]


def build(url: str, *, tool: dict[str, Any] | None = None, **manifest: Any) -> Platform:
    """Build the platform on a plugin at `url`; `tool` changes its tool, further arguments its manifest."""
    organization = factories.organization("kasi-legal", name="Kasi Legal")
    legal, billing = factories.number(organization), factories.number(organization, "Billing Support")
    tools = [{**factories.SUPPORT_DESK["tools"][0], **(tool or {})}]
    version = factories.version(organization, **{"baseUrl": url, "tools": tools, **manifest})
    installation = _installed(organization, version)
    grant = plugins.grant_plugin(
        instance=legal, installation=installation, tools=None, permissions=None, actor=factories.ACTOR
    )
    keys = [agent_keys.issue(instance=each, actor=factories.ACTOR).text for each in (legal, billing)]
    return Platform(organization, legal, billing, installation, grant, Agent(keys[0]), Agent(keys[1]))


def call_to_sign(installation: Installation, instance: Instance, *, call_id: UUID, tool: str, secret: str) -> ToolCall:
    """A call as far as its platform token needs it."""
    call = ToolCall(instance, tool, {})
    call.row.id, call.plugin = call_id, InstalledPlugin(installation)
    call.tool = replace(document.load(factories.SUPPORT_DESK, "").tools[0], name=tool)
    call.kid, call.signing_secret = "tool-1", secret
    return call


def _installed(organization: Organization, version: Any) -> Installation:
    installed = lifecycle.install(
        organization=organization, version=version, mode=Mode.SANDBOX, user=None, actor=factories.ACTOR
    )
    return lifecycle.configure(
        installation=installed.installation,
        values={"defaultQueue": "billing"},
        secret_changes=[SecretChange("/apiKey", Action.REPLACE, SECRET)],
        actor=factories.ACTOR,
    )
