"""The data of a benchmark: an organization, a number with plugins granted to it, and its agent."""

import json
from dataclasses import dataclass
from typing import Any

from grants.changes import plugins
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.configuration.secrets import Action, SecretChange
from kasilabs.lib.states import Mode
from kasilabs.whatsapp import agent_keys
from kasilabs.whatsapp.models import Instance
from tests.benchmarks.load import MARK
from tests.benchmarks.servers import PLUGIN_URL
from tests.support import factories

TOOL = {
    "name": "repeat_text",
    "description": "Give back the text that was sent. Use this to see that a plugin answers.",
    "inputSchema": {
        "type": "object",
        "properties": {"text": {"type": "string", "minLength": 3}, "language": {"enum": ["en", "sw"]}},
        "required": ["text"],
        "additionalProperties": False,
    },
    "outputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "permissions": ["support:tickets:create"],
}
INPUT = {"text": MARK, "language": "en"}


def call(*, text: str = MARK, phone: str = "+254711222333") -> str:
    """Return the body of a call; without a text, each carries the number of its request."""
    body = {
        "tool": "support_desk__repeat_text",
        "input": {**INPUT, "text": text},
        "conversation": {"id": f"chat-{phone}", "customer": {"phone": phone}},
    }
    return json.dumps(body)


@dataclass(frozen=True)
class SampleData:
    """One number with its agent's key."""

    organization: Organization
    number: Instance
    headers: dict[str, str]


def make(*manifests: dict[str, Any]) -> SampleData:
    """Make a number that is granted a plugin of each manifest; without one, the plugin that answers at once."""
    organization = factories.organization("kasi-legal", name="Kasi Legal")
    number = factories.number(organization)
    for manifest in manifests or ({"tools": [TOOL]},):
        grant(number, install(organization, **manifest))
    key = agent_keys.issue(instance=number, actor=factories.ACTOR)
    return SampleData(organization, number, {"Authorization": f"Bearer {key.text}"})


def install(organization: Organization, **manifest: Any) -> Installation:
    """Install a plugin, with a secret and a setting."""
    version = factories.version(organization, **{"baseUrl": PLUGIN_URL, **manifest})
    installed = lifecycle.install(
        organization=organization, version=version, mode=Mode.LIVE, user=None, actor=factories.ACTOR
    )
    return lifecycle.configure(
        installation=installed.installation,
        values={"defaultQueue": "billing"},
        secret_changes=[SecretChange("/apiKey", Action.REPLACE, "sk-live-0123456789-benchmark")],
        actor=factories.ACTOR,
    )


def grant(number: Instance, installation: Installation) -> None:
    plugins.grant_plugin(
        instance=number, installation=installation, tools=None, permissions=None, actor=factories.ACTOR
    )
