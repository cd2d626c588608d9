"""Removing a plugin from an organization: first from every number that holds it, then the installation itself."""

from dataclasses import dataclass

from grants.changes import plugins
from grants.models import PluginGrant, ToolGrant
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts import audit


@dataclass(frozen=True)
class Loss:
    """A number and the names of the tools its agent loses."""

    number: str
    tools: list[str]


def losses(installation: Installation) -> list[Loss]:
    """Return what a removal takes away, by number."""
    granted = PluginGrant.objects.filter(installation=installation).select_related("instance")
    on = {(cell.grant_id, cell.tool) for cell in ToolGrant.objects.filter(grant__in=granted, state=plugins.ON)}
    return [
        Loss(grant.instance.name, sorted(tool for owner, tool in on if owner == grant.pk))
        for grant in granted.order_by("instance__name")
    ]


def remove(*, installation: Installation, actor: audit.Actor) -> Installation:
    """Take a plugin back from every number and remove it, with its secrets; the log and the audit trail stay.

    All numbers are locked, so that none is granted the plugin while it goes. Raises Refused (`removed`).
    """
    organization = installation.organization
    with audit.together():
        plugins.lock(organization, list(organization.instances.all()))
        granted = PluginGrant.objects.filter(installation=installation)
        for grant in granted.select_related("instance__organization", "plugin", "installation").order_by("pk"):
            plugins.ungrant(grant=grant, actor=actor)
        return lifecycle.remove(installation=installation, actor=actor)
