"""What the second install step offers: the organization's numbers, and what the plugin needs on them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from grants.decision.context import DecisionContext
from grants.decision.requirements import judge
from grants.models import PluginGrant, ToolkitGrant
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.manifest.requirements import Need, RequirementKind
from plugins.models import Version


@dataclass(frozen=True)
class NumberOption:
    """One number to tick. `replaces`: it uses the plugin's other mode, which this grant takes the place of."""

    number: Instance
    replaces: bool


@dataclass(frozen=True)
class ToolkitOption:
    """One toolkit that is needed, alone or as an alternative, with the names of the numbers that have it.

    `is_offered`: this person may grant it, because it is installed or because they may install it.
    """

    toolkit: Toolkit
    needs: list[Need]
    is_installed: bool
    is_offered: bool
    numbers: list[str]


@dataclass(frozen=True)
class OtherNeed:
    """Something else than a toolkit that is needed, with the names of the numbers where it holds."""

    need: Need
    numbers: list[str]


@dataclass(frozen=True)
class GrantOptions:
    """All there is to choose from, and what the choice of numbers depends on besides."""

    numbers: list[NumberOption]
    toolkits: list[ToolkitOption]
    other_needs: list[OtherNeed]

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
    needs = version.manifest.needs(permissions)
    installed = set(organization.toolkits.values_list("toolkit", flat=True))
    toolkit_grants = ToolkitGrant.objects.filter(organization=organization).order_by("instance__name")
    granted = list(toolkit_grants.values_list("toolkit", "instance__name"))
    other_mode = PluginGrant.objects.filter(instance=OuterRef("pk"), plugin=version.plugin)
    other_mode = other_mode.exclude(installation__state=Installation.State.REMOVED)
    numbers = list(organization.instances.annotate(replaces=Exists(other_mode)).order_by("name"))
    return GrantOptions(
        numbers=[NumberOption(number, number.replaces) for number in numbers],
        toolkits=[
            ToolkitOption(
                toolkit=toolkit,
                needs=[need for need in needs if need.requirement.names(RequirementKind.TOOLKIT, toolkit)],
                is_installed=toolkit.value in installed,
                is_offered=may_install_toolkits or toolkit.value in installed,
                numbers=[name for granted_toolkit, name in granted if granted_toolkit == toolkit.value],
            )
            for toolkit in Toolkit
            if any(need.requirement.names(RequirementKind.TOOLKIT, toolkit) for need in needs)
        ],
        other_needs=_other_needs(organization, version, numbers, needs),
    )


def _other_needs(
    organization: Organization, version: Version, numbers: Sequence[Instance], needs: Iterable[Need]
) -> list[OtherNeed]:
    """Returns the needs that no toolkit alone can meet. Where there are some, this takes two queries."""
    others = [
        need for need in needs if any(part.kind is not RequirementKind.TOOLKIT for part in need.requirement.parts())
    ]
    if not others:
        return []
    kinds = version.manifest.required_kinds
    contexts = DecisionContext.load_many(organization, numbers, slug=version.plugin.slug, required=kinds)
    return [
        OtherNeed(need, [number.name for number in numbers if judge(contexts[number.id], need.requirement).is_met])
        for need in others
    ]
