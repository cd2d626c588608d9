"""What the toolkit pages show: each toolkit, who uses it, and which plugins need it."""

from dataclasses import dataclass
from itertools import chain

from django.db.models import QuerySet

from grants.models import ToolkitGrant
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, BridgeAction, Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import warm


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
    needs = _needs(_with_versions(organization.installations.not_removed()))
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
