"""What the second install step offers: the organization's numbers, and the toolkits the plugin needs on them."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef

from grants.models import PluginGrant, ToolkitGrant
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import Plugin


@dataclass(frozen=True)
class NumberBox:
    """One number to tick. `replaces`: it uses the plugin's other mode, which this grant takes the place of."""

    number: Instance
    is_ticked: bool
    replaces: bool


@dataclass(frozen=True)
class ToolkitBox:
    """One toolkit that is needed: where it stands, and whether this person may do something about it.

    `is_required`: all tools need it; else only the bridges of some ticked permission do.
    """

    toolkit: Toolkit
    is_required: bool
    is_installed: bool
    numbers: list[str]
    is_offered: bool
    is_ticked: bool


@dataclass(frozen=True)
class Choice:
    """`elsewhere` are the numbers that use the other mode, `granted` the names of those that have each toolkit."""

    numbers: list[Instance]
    elsewhere: set[UUID]
    needed: list[Toolkit]
    installed: set[Toolkit]
    granted: dict[Toolkit, list[str]]
    may_install: bool

    @property
    def toolkits(self) -> list[Toolkit]:
        """Those this person may give: what is installed, and all for somebody who may install them."""
        return [kit for kit in self.needed if self.may_install or kit in self.installed]

    def number_boxes(self, ticked: Collection[str]) -> list[NumberBox]:
        return [NumberBox(each, each.public_id in ticked, each.pk in self.elsewhere) for each in self.numbers]

    def toolkit_boxes(self, ticked: Collection[str], required: Collection[Toolkit]) -> list[ToolkitBox]:
        return [
            ToolkitBox(
                toolkit=kit,
                is_required=kit in required,
                is_installed=kit in self.installed,
                numbers=self.granted.get(kit, []),
                is_offered=kit in self.toolkits,
                is_ticked=kit in ticked,
            )
            for kit in self.needed
        ]


def find(organization: Organization, plugin: Plugin, needed: list[Toolkit], *, may_install: bool) -> Choice:
    """Look up what can be chosen; `may_install` says whether this person may install toolkits."""
    granted: dict[Toolkit, list[str]] = {}
    rows = ToolkitGrant.objects.filter(organization=organization, toolkit__in=needed).order_by("instance__name")
    for kit, name in rows.values_list("toolkit", "instance__name"):
        granted.setdefault(Toolkit(kit), []).append(name)
    others = PluginGrant.objects.filter(instance=OuterRef("pk"), plugin=plugin)
    others = others.exclude(installation__state=Installation.State.REMOVED)
    numbers = list(organization.instances.annotate(replaces=Exists(others)).order_by("name"))
    installed = organization.toolkits.values_list("toolkit", flat=True)
    return Choice(
        numbers=[*numbers],
        elsewhere={number.pk for number in numbers if number.replaces},
        needed=needed,
        installed={Toolkit(kit) for kit in installed},
        granted=granted,
        may_install=may_install,
    )
