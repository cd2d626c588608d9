"""What the permission matrix shows: plugins with their tools and permissions down, WhatsApp numbers across.

The word in a cell is what `grants.decision.gates` answers for it. However many rows and numbers there are, building one
costs the same few queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import accumulate

from grants.decision import risks
from grants.decision.context import DecisionContext, GrantedPlugin
from grants.decision.gates import decide, decide_permission
from grants.matrix.filter import Filter
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.logs.gates import Gate
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest, Tool
from plugins.models import warm

MOST_ROWS_OPEN = 30
"""Above this many rows the further plugins stay folded (quality, table of targets)."""


class Word(StrEnum):
    """What a cell says."""

    ON = "on"
    OFF = "off"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Line:
    """One row: a tool or a permission. `index` is its place in the pinned manifest, so it is stable on every page."""

    index: int
    name: str
    label: str
    tool: Tool | None
    tags: list[str]


@dataclass(frozen=True)
class Slot:
    """One plugin on one number. `other` is the grant of the plugin's other mode, which stands in the way."""

    instance: Instance
    grant: GrantedPlugin | None
    other: GrantedPlugin | None
    words: list[Word]

    @property
    def on(self) -> int:
        return self.words.count(Word.ON)


@dataclass(frozen=True)
class Group:
    """One installation with the rows that pass the filter and a slot for each number shown.

    `toggle` is the filter that folds it, or unfolds it.
    """

    installation: Installation
    lines: list[Line]
    slots: list[Slot]
    is_open: bool = True
    toggle: Filter = field(default_factory=Filter)

    @property
    def manifest(self) -> Manifest:
        return self.installation.version.manifest


@dataclass(frozen=True)
class Matrix:
    """The page: `shown` numbers of `numbers`, and `groups` of the `installations` there are."""

    filter: Filter
    numbers: list[Instance]
    shown: list[Instance]
    installations: list[Installation]
    groups: list[Group]

    @cached_property
    def rows(self) -> int:
        return sum(len(group.lines) for group in self.groups)

    @cached_property
    def all_rows(self) -> int:
        return sum(len(lines_of(each.version.manifest)) for each in self.installations)


def lines_of(manifest: Manifest) -> list[Line]:
    """Return the rows of a plugin: its tools, unless the agent never sees them, then its permissions."""
    rows: list[tuple[str, str, Tool | None, list[str]]] = [
        (tool.name, tool.title, tool, risks.of_tool(tool)) for tool in manifest.offered_tools
    ]
    rows += [(asked.key, str(asked.label), None, risks.of_permission(asked.key)) for asked in manifest.permissions]
    return [Line(index, *row) for index, row in enumerate(rows)]


def build(organization: Organization, chosen: Filter) -> Matrix:
    """Load the part of the matrix a filter asks for."""
    numbers = list(organization.instances.order_by("name"))
    shown = [number for number in numbers if chosen.takes_number(number)]
    installations = installed(organization)
    loaded = DecisionContext.load_many(organization, shown)
    groups = [
        _group(installation, chosen, [loaded[number.id] for number in shown])
        for installation in installations
        if chosen.takes_plugin(installation)
    ]
    found = [group for group in groups if group.lines]
    return Matrix(chosen, numbers, shown, installations, _folded(found, chosen))


def slot(instance: Instance, installation: Installation) -> Slot:
    """Return one plugin on one number, as the matrix shows it."""
    context = DecisionContext.load(instance, slug=installation.plugin.slug)
    return _slot(installation, lines_of(installation.version.manifest), context)


def installed(organization: Organization) -> list[Installation]:
    """Return what is installed, by the name of the plugin."""
    rows = organization.installations.not_removed().select_related("plugin", "version").defer("version__document")
    found: list[Installation] = list(rows)
    warm(installation.version for installation in found)
    return sorted(found, key=lambda each: (each.version.name.casefold(), each.plugin.slug, each.mode))


def _group(installation: Installation, chosen: Filter, columns: Sequence[DecisionContext]) -> Group:
    lines = lines_of(installation.version.manifest)
    kept = [line for line in lines if chosen.takes_line(installation, line.name, line.label)]
    return Group(installation, kept, [_slot(installation, lines, context) for context in columns])


def _slot(installation: Installation, lines: list[Line], context: DecisionContext) -> Slot:
    grant = context.grants.get(installation.plugin.slug)
    if grant is None or grant.plugin.installation.id != installation.id:
        return Slot(context.instance, None, _in_the_way(grant), [Word.BLOCKED] * len(lines))
    return Slot(context.instance, grant, None, [_word(context, grant, line) for line in lines])


def _in_the_way(grant: GrantedPlugin | None) -> GrantedPlugin | None:
    """A grant of an installation that was removed holds nobody up."""
    is_removed = grant is not None and grant.plugin.installation.state == Installation.State.REMOVED
    return None if is_removed else grant


def _word(context: DecisionContext, grant: GrantedPlugin, line: Line) -> Word:
    if line.tool is not None:
        decision, own = decide(context, grant.plugin, line.tool), Gate.TOOL_GRANT
    else:
        decision, own = decide_permission(context, grant.plugin, line.name), Gate.PERMISSION_GRANT
    if decision.allowed:
        return Word.ON
    return Word.OFF if decision.gate is own else Word.BLOCKED


def _folded(groups: list[Group], chosen: Filter) -> list[Group]:
    """Open the groups that were asked for, else as many as fit."""
    opened = _that_fit(groups) if chosen.opened is None else chosen.opened
    return [
        replace(group, is_open=each in opened, toggle=chosen.opening(opened ^ {each}))
        for group in groups
        for each in [group.installation.public_id]
    ]


def _that_fit(groups: list[Group]) -> frozenset[str]:
    totals = accumulate(len(group.lines) for group in groups)
    fitting = [group for group, total in zip(groups, totals, strict=True) if total <= MOST_ROWS_OPEN]
    return frozenset(group.installation.public_id for group in fitting or groups[:1])
