"""One tool call: what the agent asks for, and what becomes known on the way to the plugin."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from grants.decision.context import DecisionContext, InstalledPlugin
from kasilabs.calls.customer import CustomerContext, SentConversation
from kasilabs.calls.personal_input import ToldInput
from kasilabs.lib import ids
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import Call
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool


@dataclass(repr=False)
class ToolCall:
    """One tool call. The agent API fills in the first fields, `kasilabs.calls.call` the others as it goes.

    `fingerprint` is SHA-256 over what a retry with the same idempotency key has to repeat. `row` is the log row; only
    `kasilabs.logs.write` saves it. Secrets and phone numbers pass through here, so a call has no repr.
    """

    instance: Instance
    name: str
    input: dict[str, Any]
    conversation: SentConversation | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    request_id: str = ""
    tested_by: str = ""

    started: datetime = field(default_factory=timezone.now)
    began: float = field(default_factory=time.monotonic)
    """The same moment on the clock of deadlines: what the gates take is time of the call."""
    row: Call = field(init=False)

    # What the gates find. `asked` are the gates that were asked so far, except one that refuses.
    asked: Sequence[Gate] = ()
    context: DecisionContext = field(init=False)
    plugin: InstalledPlugin = field(init=False)
    tool: Tool = field(init=False)

    # With what the plugin is called, and what it answers.
    kid: str = field(init=False)
    signing_secret: str = field(init=False)
    customer: CustomerContext = field(init=False)
    told: ToldInput = field(init=False)
    """The input as the plugin gets it."""
    secrets: list[str] = field(default_factory=list)
    """Texts that neither the answer nor the log may show: secrets of the installation, signing secrets, tokens."""
    response: Any = None
    """The whole answer of the plugin, for the log. It is redacted when it is written."""

    def __post_init__(self) -> None:
        self.row = Call(
            id=ids.uuid7(),
            organization_id=self.instance.organization_id,
            instance_id=self.instance.id,
            instance_name=self.instance.name,
            tool=self.name,
            request_id=self.request_id,
            tested_by=self.tested_by,
            created=self.started,
        )

    @property
    def untold_phones(self) -> tuple[str, ...]:
        """The phone numbers that the plugin was not told in its input, and so must not answer with."""
        return tuple(phone for phone in self.customer.phones if phone not in self.told.phones)

    @property
    def public_id(self) -> str:
        return self.row.public_id

    def set_tool(self, context: DecisionContext, plugin: InstalledPlugin, tool: Tool) -> None:
        """Sets the tool that the agent's name for it leads to, and its names in the row as they are now."""
        self.context, self.plugin, self.tool = context, plugin, tool
        installation, row = plugin.installation, self.row
        row.installation_id, row.mode, row.version = installation.id, installation.mode, installation.version.semver
        row.plugin, row.plugin_name, row.tool = plugin.slug, plugin.manifest.name, tool.name
