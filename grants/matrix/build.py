"""What the permission matrix shows: plugins with their tools and permissions down, WhatsApp numbers across.

The state of a cell is what `grants.decision.gates` answers for it. However many rows and numbers there are, building
the matrix costs the same few queries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate

from grants.decision import reasons, risks
from grants.decision.context import DecisionContext, GrantedPlugin, InstalledPlugin
from grants.decision.gates import NEEDS, Decision, decide, decide_permission
from grants.matrix.filter import MatrixFilter
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.logs.gates import Gate
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest, Tool

MOST_ROWS_OPEN = 30
"""Above this many rows the further plugins stay folded."""


class CellState(StrEnum):
    """What a cell shows: what takes effect, not what it is set to."""

    ON = "on"
    OFF = "off"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class MatrixRow:
    """A tool or a permission. `index` is its place in the pinned manifest, so it is the same on every page."""

    index: int
    name: str
    label: str
    tool: Tool | None
    tags: list[str]

    @property
    def own_gate(self) -> Gate:
        """The gate that looks at what the cell itself is set to."""
        return Gate.TOOL_GRANT if self.tool else Gate.PERMISSION_GRANT

    def decide(self, context: DecisionContext, plugin: InstalledPlugin) -> Decision:
        if self.tool is not None:
            return decide(context, plugin, self.tool)
        return decide_permission(context, plugin, self.name)


@dataclass(frozen=True)
class NumberAccess:
    """What one number may use of one installation. `cells` has the state of each row, by its name.

    `lacks` says of rows that are blocked for want of something else what that is.
    `other_mode` is the number's grant of the plugin's other mode, which a grant of this one takes the place of.
    """

    instance: Instance
    installation: Installation
    grant: GrantedPlugin | None
    other_mode: GrantedPlugin | None
    cells: Mapping[str, CellState]
    lacks: Mapping[str, str]
    context: DecisionContext = field(repr=False)

    @property
    def on_count(self) -> int:
        return list(self.cells.values()).count(CellState.ON)


@dataclass
class PluginGroup:
    """One installation with the rows that match the filter, and what each number shown may use of it.

    `toggle_query` is the query string of the page on which it is folded, or unfolded.
    """

    installation: Installation
    rows: list[MatrixRow]
    accesses: list[NumberAccess]
    is_open: bool = False
    toggle_query: str = ""

    @property
    def manifest(self) -> Manifest:
        return self.installation.version.manifest


@dataclass(frozen=True)
class Matrix:
    """The page: `shown_numbers` of all `numbers`, and `groups` of all `installations`."""

    filter: MatrixFilter
    numbers: list[Instance]
    shown_numbers: list[Instance]
    installations: list[Installation]
    groups: list[PluginGroup]

    @property
    def row_count(self) -> int:
        return sum(len(group.rows) for group in self.groups)

    @property
    def total_row_count(self) -> int:
        return sum(len(matrix_rows(each.version.manifest)) for each in self.installations)


def matrix_rows(manifest: Manifest) -> list[MatrixRow]:
    """Returns the rows of a plugin: its tools, unless the agent never sees them, then its permissions."""
    rows: list[tuple[str, str, Tool | None, list[str]]] = [
        (tool.name, tool.label, tool, risks.of_tool(tool)) for tool in manifest.offered_tools
    ]
    rows += [
        (asked.key, str(asked.label), None, risks.of_permission(manifest, asked.key)) for asked in manifest.permissions
    ]
    return [MatrixRow(index, *row) for index, row in enumerate(rows)]


def build_matrix(organization: Organization, matrix_filter: MatrixFilter) -> Matrix:
    """Loads the part of the matrix that matches a filter."""
    numbers = list(organization.instances.order_by("name"))
    shown = [number for number in numbers if matrix_filter.matches_number(number)]
    installations = installations_by_name(organization)
    contexts = DecisionContext.load_many(organization, shown)

    groups = []
    for installation in filter(matrix_filter.matches_plugin, installations):
        rows = matrix_rows(installation.version.manifest)
        matching = [row for row in rows if matrix_filter.matches_row(installation, row.name, row.label)]
        if matching:
            accesses = [_access(contexts[number.id], installation, rows) for number in shown]
            groups.append(PluginGroup(installation, matching, accesses))

    open_groups = _groups_that_fit(groups) if matrix_filter.open_groups is None else matrix_filter.open_groups
    for group in groups:
        group_id = group.installation.public_id
        group.is_open = group_id in open_groups
        group.toggle_query = matrix_filter.with_open_groups(open_groups ^ {group_id}).query_string
    return Matrix(matrix_filter, numbers, shown, installations, groups)


def load_access(instance: Instance, installation: Installation) -> NumberAccess:
    """Loads what one number may use of one installation, as the matrix shows it."""
    context = DecisionContext.load(instance, slug=installation.plugin.slug)
    return _access(context, installation, matrix_rows(installation.version.manifest))


def installations_by_name(organization: Organization) -> list[Installation]:
    """Returns what is installed, by the name of the plugin."""
    installations = organization.installations.not_removed().fetch_with_manifests()
    return sorted(installations, key=lambda each: (each.version.name.casefold(), each.plugin.slug, each.mode))


def _access(context: DecisionContext, installation: Installation, rows: Sequence[MatrixRow]) -> NumberAccess:
    grant = context.grants.get(installation.plugin.slug)
    if grant is not None and grant.plugin.installation.id == installation.id:
        decisions = [(row, row.decide(context, grant.plugin)) for row in rows]
        cells = {row.name: _cell_state(row, decision) for row, decision in decisions}
        lacks = {row.name: reasons.message(decision) for row, decision in decisions if decision.gate in NEEDS}
        return NumberAccess(context.instance, installation, grant, None, cells, lacks, context)
    is_in_the_way = grant is not None and not grant.plugin.installation.is_removed
    blocked = {row.name: CellState.BLOCKED for row in rows}
    return NumberAccess(context.instance, installation, None, grant if is_in_the_way else None, blocked, {}, context)


def _cell_state(row: MatrixRow, decision: Decision) -> CellState:
    if decision.allowed:
        return CellState.ON
    return CellState.OFF if decision.gate is row.own_gate else CellState.BLOCKED


def _groups_that_fit(groups: Sequence[PluginGroup]) -> frozenset[str]:
    """Returns the first groups that have no more rows than may be open, one of them in any case."""
    totals = accumulate(len(group.rows) for group in groups)
    count = sum(total <= MOST_ROWS_OPEN for total in totals)
    return frozenset(group.installation.public_id for group in groups[: max(count, 1)])
