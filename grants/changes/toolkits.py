"""The only writer of toolkits: installed for an organization, then granted to a number.

Like the changes of plugins: one audited transaction each, repeatable, and Refused changes nothing.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from grants.changes.plugins import audited_change, require_member
from grants.models import OrganizationToolkit, ToolkitGrant
from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance


def install(*, organization: Organization, toolkit: Toolkit, actor: audit.Actor) -> None:
    """Installs a toolkit for an organization; its numbers get it one by one."""
    with audit.act(actor=actor, action="toolkit.installed", organization=organization) as act:
        require_member(organization, actor)
        act.on(toolkit.value, toolkit.value)
        _row, is_new = OrganizationToolkit.objects.get_or_create(organization=organization, toolkit=toolkit.value)
        if not is_new:
            act.nothing()


@dataclass(frozen=True)
class ToolkitLoss:
    """What the removal of a toolkit takes away: the names of the numbers that have it."""

    toolkit: str
    numbers: list[str]

    def __str__(self) -> str:
        return ", ".join(self.numbers)


def remove(
    *, organization: Organization, toolkit: Toolkit, actor: audit.Actor, seen: ToolkitLoss | None = None
) -> None:
    """Removes a toolkit from an organization and from all its numbers: none gets it back by a later install.

    Somebody who has `seen` which numbers lose it takes it from no others. Raises Refused (`changed_meanwhile`).
    """
    with audit.act(actor=actor, action="toolkit.removed", organization=organization) as act:
        require_member(organization, actor)
        act.on(toolkit.value, toolkit.value)
        removed, _rows = OrganizationToolkit.objects.filter(organization=organization, toolkit=toolkit.value).delete()
        if not removed:
            act.nothing()
            return
        grants = ToolkitGrant.objects.filter(organization=organization, toolkit=toolkit.value)
        numbers = sorted(grants.values_list("instance__name", flat=True))
        if seen not in (None, ToolkitLoss(toolkit.value, numbers)):
            raise Refused("changed_meanwhile", _("Which numbers lose this toolkit was changed meanwhile."))
        act.change(before={"numbers": numbers})
        grants.delete()


def grant(*, instance: Instance, toolkit: Toolkit, actor: audit.Actor) -> None:
    """Lets a number use a toolkit that its organization has installed. Raises Refused (`toolkit_not_installed`)."""
    with audited_change(instance, actor, "toolkit.granted") as act:
        installed = OrganizationToolkit.objects.select_for_update().filter(organization=instance.organization_id)
        if installed.filter(toolkit=toolkit.value).first() is None:
            detail = _("%(toolkit)s is not installed for this organization.") % {"toolkit": toolkit.value}
            raise Refused("toolkit_not_installed", detail)
        _row, is_new = ToolkitGrant.objects.get_or_create(
            organization_id=instance.organization_id, instance=instance, toolkit=toolkit.value
        )
        act.change(before={toolkit.value: "off"}, after={toolkit.value: "on"})
        if not is_new:
            act.nothing()


def revoke(*, instance: Instance, toolkit: Toolkit, actor: audit.Actor) -> None:
    """Takes a toolkit back from a number; the organization keeps it."""
    with audited_change(instance, actor, "toolkit.taken_back") as act:
        removed, _rows = ToolkitGrant.objects.filter(instance=instance, toolkit=toolkit.value).delete()
        act.change(before={toolkit.value: "on"}, after={toolkit.value: "off"})
        if not removed:
            act.nothing()
