"""Removing a plugin from an organization: first from every number that has it, then the installation itself."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from grants.changes import plugins
from grants.models import PluginGrant, ToolGrant
from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.lib.refusal import Refused


@dataclass(frozen=True)
class Loss:
    """What a removal takes away: of each number, by its name, the tools that are on, and how many secrets."""

    numbers: dict[str, list[str]]
    secrets: int

    def __str__(self) -> str:
        numbers = [f"{name} ({', '.join(tools)})" if tools else name for name, tools in self.numbers.items()]
        secrets = ngettext("%(n)d secret", "%(n)d secrets", self.secrets) % {"n": self.secrets}
        return ", ".join([*numbers, secrets])


def loss(installation: Installation) -> Loss:
    """Returns what a removal takes away."""
    grants = PluginGrant.objects.filter(installation=installation).order_by("instance__name")
    numbers: dict[str, list[str]] = {name: [] for name in grants.values_list("instance__name", flat=True)}
    cells = ToolGrant.objects.filter(grant__in=grants, state=plugins.ON).order_by("tool")
    for name, tool in cells.values_list("grant__instance__name", "tool"):
        numbers[name].append(tool)
    return Loss(numbers, installation.secrets.count())


def remove(*, installation: Installation, actor: audit.Actor, seen: Loss | None = None) -> Installation:
    """Takes a plugin back from every number and removes it, with its secrets; the log and the audit trail stay.

    All numbers are locked, so that none is granted the plugin while it goes. Somebody who has `seen` what that takes
    away takes nothing else. Raises Refused (`removed`, `changed_meanwhile`).
    """
    organization = installation.organization
    with audit.together():
        plugins.lock_numbers(organization, list(organization.instances.all()))
        if seen not in (None, loss(installation)):
            raise Refused("changed_meanwhile", _("What this removal takes away was changed meanwhile."))
        for number in organization.instances.filter(plugin_grants__installation=installation).order_by("pk"):
            plugins.revoke_plugin(instance=number, installation=installation, actor=actor)
        return lifecycle.remove(installation=installation, actor=actor)
