"""The only writer of toolkits: installed for an organization, then granted to a number.

Like the cells of plugins: one audited transaction each, repeatable, and Refused changes nothing.
"""

from dataclasses import dataclass
from itertools import chain

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from grants import cells
from grants.models import OrganizationToolkit, ToolkitGrant
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, BridgeAction, Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import warm


def named(name: str) -> Toolkit:
    """Raises Refused (`unknown_toolkit`)."""
    if name not in set(Toolkit):
        raise Refused("unknown_toolkit", f"{name} is no toolkit; there are {', '.join(Toolkit)}.")
    return Toolkit(name)


def install(*, organization: Organization, toolkit: Toolkit, actor: audit.Actor) -> None:
    """Install a toolkit for an organization; its numbers get it one by one."""
    with audit.act(actor=actor, action="toolkit.installed", organization=organization) as act:
        cells.require_member(organization, actor)
        act.on(toolkit.value, toolkit.value)
        _row, is_new = OrganizationToolkit.objects.get_or_create(organization=organization, toolkit=toolkit.value)
        if not is_new:
            act.nothing()


def remove(*, organization: Organization, toolkit: Toolkit, actor: audit.Actor) -> None:
    """Remove a toolkit from an organization and from all its numbers: none gets it back by a later install."""
    with audit.act(actor=actor, action="toolkit.removed", organization=organization) as act:
        cells.require_member(organization, actor)
        act.on(toolkit.value, toolkit.value)
        removed, _rows = OrganizationToolkit.objects.filter(organization=organization, toolkit=toolkit.value).delete()
        if not removed:
            act.nothing()
            return
        grants = ToolkitGrant.objects.filter(organization=organization, toolkit=toolkit.value)
        act.change(before={"numbers": sorted(grants.values_list("instance__name", flat=True))})
        grants.delete()


def grant(*, instance: Instance, toolkit: Toolkit, actor: audit.Actor) -> None:
    """Let a number use a toolkit that its organization has installed."""
    with cells.changing(instance, actor, "toolkit.granted") as act:
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


def ungrant(*, instance: Instance, toolkit: Toolkit, actor: audit.Actor) -> None:
    """Take a toolkit back from a number; the organization keeps it."""
    with cells.changing(instance, actor, "toolkit.taken_back") as act:
        removed, _rows = ToolkitGrant.objects.filter(instance=instance, toolkit=toolkit.value).delete()
        act.change(before={toolkit.value: "on"}, after={toolkit.value: "off"})
        if not removed:
            act.nothing()


@dataclass(frozen=True)
class Use:
    """One toolkit with what an installation or removal touches. `numbers` and `plugins` are names."""

    toolkit: Toolkit
    actions: list[BridgeAction]
    is_installed: bool
    numbers: list[str]
    plugins: list[str]


@dataclass(frozen=True)
class NumberUse:
    """One toolkit as a single number has it; `plugins` are those granted to the number that reach it."""

    toolkit: Toolkit
    is_installed: bool
    is_granted: bool
    plugins: list[str]


def uses(organization: Organization) -> list[Use]:
    """Return every toolkit there is, in the order of the catalogue."""
    installed = set(organization.toolkits.values_list("toolkit", flat=True))
    granted = ToolkitGrant.objects.filter(organization=organization).order_by("instance__name")
    numbers = list(granted.values_list("toolkit", "instance__name"))
    needs = _needs(_with_versions(organization.installations.present()))
    return [
        Use(
            toolkit=kit,
            actions=[action for action in BRIDGE_ACTIONS.values() if kit in action.toolkits],
            is_installed=kit.value in installed,
            numbers=[name for granted_kit, name in numbers if granted_kit == kit.value],
            plugins=needs.get(kit, []),
        )
        for kit in Toolkit
    ]


def on_number(instance: Instance) -> list[NumberUse]:
    """Return every toolkit as it stands for one number."""
    installed = set(instance.organization.toolkits.values_list("toolkit", flat=True))
    granted = set(instance.toolkit_grants.values_list("toolkit", flat=True))
    needs = _needs(_with_versions(Installation.objects.filter(grants__instance=instance)))
    return [NumberUse(kit, kit.value in installed, kit.value in granted, needs.get(kit, [])) for kit in Toolkit]


def _with_versions(installations: "QuerySet[Installation]") -> list[Installation]:
    found = list(installations.select_related("version").defer("version__document"))
    warm(installation.version for installation in found)
    return found


def _needs(installations: list[Installation]) -> dict[Toolkit, list[str]]:
    """Return the names of the plugins that require a toolkit or ask for a permission that reaches it."""
    found: dict[Toolkit, set[str]] = {}
    for installation in installations:
        manifest = installation.version.manifest
        asked = [BRIDGE_ACTIONS[each.key].toolkits for each in manifest.permissions if each.key in BRIDGE_ACTIONS]
        for kit in {*manifest.required_toolkits, *chain.from_iterable(asked)}:
            found.setdefault(kit, set()).add(manifest.name)
    return {kit: sorted(names) for kit, names in found.items()}
