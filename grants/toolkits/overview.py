"""What the toolkit pages show: each toolkit, who uses it, and which plugins need it."""

from collections.abc import Iterable
from dataclasses import dataclass

from grants.models import ToolkitGrant
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, BridgeAction, Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.manifest.requirements import RequirementKind


@dataclass(frozen=True)
class ToolkitUsage:
    """One toolkit with what an installation or removal touches. `numbers` and `plugins` are names."""

    toolkit: Toolkit
    actions: list[BridgeAction]
    is_installed: bool
    numbers: list[str]
    plugins: list[str]

    @property
    def action_labels(self) -> list[str]:
        return [str(action.label) for action in self.actions]


@dataclass(frozen=True)
class NumberToolkit:
    """One toolkit as a single number has it; `plugins` are those granted to the number that need it."""

    toolkit: Toolkit
    is_installed: bool
    is_granted: bool
    plugins: list[str]


def toolkits_of_organization(organization: Organization) -> list[ToolkitUsage]:
    """Returns every toolkit there is, in the order of the catalogue."""
    installed = set(organization.toolkits.values_list("toolkit", flat=True))
    granted = ToolkitGrant.objects.filter(organization=organization).order_by("instance__name")
    numbers = list(granted.values_list("toolkit", "instance__name"))
    plugins = _plugins_by_toolkit(organization.installations.not_removed().fetch_with_manifests())
    return [
        ToolkitUsage(
            toolkit=toolkit,
            actions=[action for action in BRIDGE_ACTIONS.values() if toolkit in action.toolkits],
            is_installed=toolkit.value in installed,
            numbers=[name for granted_toolkit, name in numbers if granted_toolkit == toolkit.value],
            plugins=plugins[toolkit],
        )
        for toolkit in Toolkit
    ]


def toolkits_of_number(instance: Instance) -> list[NumberToolkit]:
    """Returns every toolkit as it stands for one number."""
    installed = set(instance.organization.toolkits.values_list("toolkit", flat=True))
    granted = set(instance.toolkit_grants.values_list("toolkit", flat=True))
    plugins = _plugins_by_toolkit(Installation.objects.filter(grants__instance=instance).fetch_with_manifests())
    return [
        NumberToolkit(toolkit, toolkit.value in installed, toolkit.value in granted, plugins[toolkit])
        for toolkit in Toolkit
    ]


def _plugins_by_toolkit(installations: Iterable[Installation]) -> dict[Toolkit, list[str]]:
    """Returns the names of the plugins that need each toolkit, alone or as an alternative."""
    names: dict[Toolkit, set[str]] = {toolkit: set() for toolkit in Toolkit}
    for manifest in (installation.version.manifest for installation in installations):
        for toolkit in Toolkit:
            if any(need.requirement.names(RequirementKind.TOOLKIT, toolkit) for need in manifest.all_needs):
                names[toolkit].add(manifest.name)
    return {toolkit: sorted(found) for toolkit, found in names.items()}
