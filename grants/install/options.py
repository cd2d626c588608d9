"""What the second install step offers: the organization's numbers, and the toolkits the plugin needs on them."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from grants.models import PluginGrant, ToolkitGrant
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import Version


@dataclass(frozen=True)
class NumberOption:
    """One number to tick. `replaces`: it uses the plugin's other mode, which this grant takes the place of."""

    number: Instance
    replaces: bool


@dataclass(frozen=True)
class ToolkitOption:
    """One toolkit that is needed, with the names of the numbers that have it.

    `is_required`: all tools need it; else only the bridges of some ticked permission do. `is_offered`: this person may
    grant it, because it is installed or because they may install it.
    """

    toolkit: Toolkit
    is_required: bool
    is_installed: bool
    is_offered: bool
    numbers: list[str]


@dataclass(frozen=True)
class GrantOptions:
    """All there is to choose from."""

    numbers: list[NumberOption]
    toolkits: list[ToolkitOption]

    def replaced(self, numbers: Collection[str] | None) -> list[str]:
        """Returns which of these numbers, by public id, lose the plugin's other mode."""
        replacing = [option.number.public_id for option in self.numbers if option.replaces]
        return [number for number in replacing if number in (numbers or ())]

    @property
    def offered_toolkits(self) -> list[Toolkit]:
        return [option.toolkit for option in self.toolkits if option.is_offered]


def load_grant_options(
    organization: Organization, version: Version, permissions: Collection[str], *, may_install_toolkits: bool
) -> GrantOptions:
    """Loads what somebody can choose who allowed a plugin these permissions."""
    manifest = version.manifest
    installed = set(organization.toolkits.values_list("toolkit", flat=True))
    toolkit_grants = ToolkitGrant.objects.filter(organization=organization).order_by("instance__name")
    granted = list(toolkit_grants.values_list("toolkit", "instance__name"))
    other_mode = PluginGrant.objects.filter(instance=OuterRef("pk"), plugin=version.plugin)
    other_mode = other_mode.exclude(installation__state=Installation.State.REMOVED)
    numbers = organization.instances.annotate(replaces=Exists(other_mode)).order_by("name")
    return GrantOptions(
        numbers=[NumberOption(number, number.replaces) for number in numbers],
        toolkits=[
            ToolkitOption(
                toolkit=toolkit,
                is_required=toolkit in manifest.needed_toolkits((), manifest.requirements),
                is_installed=toolkit.value in installed,
                is_offered=may_install_toolkits or toolkit.value in installed,
                numbers=[name for granted_toolkit, name in granted if granted_toolkit == toolkit.value],
            )
            for toolkit in manifest.needed_toolkits(permissions)
        ],
    )
