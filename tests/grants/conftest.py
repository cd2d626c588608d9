"""Two numbers, and a plugin with two tools and three permissions that is installed and needs no configuration."""

from dataclasses import dataclass
from typing import Any

import pytest

from grants.changes import plugins
from grants.models import PluginGrant
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts.models import AuditEntry, Organization
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.support import factories
from tests.support.factories import Cast

FIND = {
    "name": "find_support_ticket",
    "description": "Look a ticket up by its reference. Use this when a customer asks how their ticket is doing.",
    "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
    "annotations": {"readOnlyHint": True},
}
MANIFEST: dict[str, Any] = {
    "configurationSchema": None,
    "permissions": [
        *factories.SUPPORT_DESK["permissions"],
        {"key": "support:tickets:read", "label": "Read tickets", "description": "Reads tickets."},
        {"key": "bridge:payments:initiate", "reason": "Collects the fee of a ticket."},
    ],
    "tools": [*factories.SUPPORT_DESK["tools"], FIND],
}
CREATE, ORDER, PAY = "support:tickets:create", "bridge:commerce:create_order", "bridge:payments:initiate"


@dataclass
class Desk:
    """The platform of these tests."""

    organization: Organization
    legal: Instance
    billing: Instance
    installation: Installation

    def grant(self, instance: Instance | None = None, **chosen: Any) -> PluginGrant:
        wanted = {"tools": None, "permissions": None, **chosen}
        return plugins.grant_plugin(
            instance=instance or self.legal, installation=self.installation, actor=factories.ACTOR, **wanted
        )

    def install_live(self) -> Installation:
        """Installs the other mode of the plugin."""
        return lifecycle.install(
            organization=self.organization,
            version=self.installation.version,
            mode=Mode.LIVE,
            user=None,
            actor=factories.ACTOR,
        ).installation

    def entries(self) -> list[AuditEntry]:
        """What was noted of grants and toolkits since the beginning."""
        noted = AuditEntry.objects.filter(organization=self.organization).order_by("seq")
        return [entry for entry in noted if entry.action.startswith(("grant.", "toolkit."))]


@pytest.fixture
def desk(cast: Cast) -> Desk:
    organization = cast.organization
    legal, billing = factories.number(organization), factories.number(organization, "Billing Support")
    return Desk(organization, legal, billing, factories.installation(organization, **MANIFEST))


@pytest.fixture
def legal(cast: Cast) -> Instance:
    """The second of two numbers."""
    factories.number(cast.organization, "Billing Support")
    return factories.number(cast.organization)


@pytest.fixture
def support_desk(cast: Cast) -> Version:
    """A version that nobody installed yet; it asks for two bridges and needs a toolkit."""
    bridges = [
        {"key": ORDER, "reason": "Writes the fee into the shop."},
        {"key": PAY, "reason": "Collects the fee of a ticket."},
    ]
    return factories.version(
        cast.organization,
        permissions=[*factories.SUPPORT_DESK["permissions"], *bridges],
        tools=[*factories.SUPPORT_DESK["tools"], FIND],
        requires=[{"toolkit": "ESCALATIONS"}],
    )
