"""Removing a plugin from an organization: first from every number that has it, then the installation itself."""

from dataclasses import dataclass
from uuid import UUID

from grants.changes import plugins
from grants.models import PluginGrant, ToolGrant
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts import audit


@dataclass(frozen=True)
class AffectedNumber:
    """A number that uses the plugin, and the names of the tools its agent loses."""

    name: str
    tools: list[str]


def affected_numbers(installation: Installation) -> list[AffectedNumber]:
    """Returns what a removal takes away, by number."""
    grants = PluginGrant.objects.filter(installation=installation).select_related("instance")
    cells = ToolGrant.objects.filter(grant__in=grants, state=plugins.ON).order_by("tool")
    tools: dict[UUID, list[str]] = {}
    for grant_id, tool in cells.values_list("grant", "tool"):
        tools.setdefault(grant_id, []).append(tool)
    return [AffectedNumber(grant.instance.name, tools.get(grant.pk, [])) for grant in grants.order_by("instance__name")]


def remove(*, installation: Installation, actor: audit.Actor) -> Installation:
    """Takes a plugin back from every number and removes it, with its secrets; the log and the audit trail stay.

    All numbers are locked, so that none is granted the plugin while it goes. Raises Refused (`removed`).
    """
    organization = installation.organization
    with audit.together():
        plugins.lock_numbers(organization, list(organization.instances.all()))
        for number in organization.instances.filter(plugin_grants__installation=installation).order_by("pk"):
            plugins.revoke_plugin(instance=number, installation=installation, actor=actor)
        return lifecycle.remove(installation=installation, actor=actor)
