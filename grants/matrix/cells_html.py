"""The cells of the matrix as HTML.

A page has up to 1,800 of them, so they are put together here and not by a template: what belongs to a row or a column
is escaped once, and a cell is one string. Links are relative to the page of the matrix, the only one that shows cells.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from grants.matrix.build import CellState, MatrixRow, NumberAccess, PluginGroup
from installations.models import Installation
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import agent_name

LABELS: dict[CellState, str | Promise] = {
    CellState.ON: gettext_lazy("On"),
    CellState.OFF: gettext_lazy("Off"),
    CellState.BLOCKED: gettext_lazy("Blocked"),
}


@dataclass(frozen=True)
class RenderedRow:
    """A row with its cells as HTML."""

    row: MatrixRow
    cells: SafeString


@dataclass(frozen=True)
class RenderedGroup:
    """A group with its cells as HTML; a folded one has no rows."""

    group: PluginGroup
    anchor: str
    headers: SafeString
    rows: list[RenderedRow]


@dataclass(frozen=True)
class _Column:
    """What all cells of one plugin on one number share, escaped."""

    access: NumberAccess
    header_id: str
    number: str
    public_id: str
    slug: str
    grant: str


def header_id(instance: Instance, installation: Installation) -> str:
    """Returns the `id` of the cell that heads one plugin on one number, and the beginning of those under it.

    Made of the random tails of two ids and a leading letter: the same on every page, and one of a kind on each.
    """
    return f"c{instance.public_id[-7:]}{installation.public_id[-7:]}"


def cell_id(instance: Instance, installation: Installation, row: MatrixRow) -> str:
    """Returns the `id` of the cell of one row."""
    return f"{header_id(instance, installation)}-{row.index}"


class CellRenderer:
    """Renders cells for one person, in the language of the request."""

    def __init__(self, *, may_change: bool) -> None:
        self.may_change = may_change
        self.labels = {state: escape(label) for state, label in LABELS.items()}
        self.aria_label = escape(_("%(name)s for %(number)s: %(word)s"))

    def render_group(self, group: PluginGroup) -> RenderedGroup:
        """Renders a group for a page. On a phone one number is shown: the first."""
        columns = [_column(access) for access in group.accesses]
        headers = _table_cells([self._header(column) for column in columns])
        rows = [
            RenderedRow(row, _table_cells([self._cell(column, row) for column in columns]))
            for row in (group.rows if group.is_open else ())
        ]
        return RenderedGroup(group, group.installation.public_id, headers, rows)

    def render_swaps(self, group: PluginGroup, names: Collection[str]) -> SafeString:
        """Renders the cells of some rows to be swapped into a page that shows them, each by its `id`.

        Only what changed: a click that waits behind this answer is lost with the button it was made on.
        """
        rows = [row for row in group.rows if group.is_open and row.name in names]
        columns = [_column(access) for access in group.accesses]
        headers = [self._header(column) for column in columns]
        cells = [self._cell(column, row) for column in columns for row in rows]
        return SafeString("".join(cell.replace(" id=", " hx-swap-oob=true id=", 1) for cell in headers + cells))

    def _cell(self, column: _Column, row: MatrixRow) -> str:
        state = column.access.cells[row.name]
        text, name = self.labels[state], escape(row.name)
        attributes = f'id="{column.header_id}-{row.index}" class="k-cell {state.value}"'
        label = f'aria-label="{self.aria_label % {"name": escape(row.label), "number": column.number, "word": text}}"'
        if state is CellState.BLOCKED and column.access.other_mode is None:
            lack = column.access.lacks.get(row.name)
            title = f' title="{escape(lack)}"' if lack else ""
            return f'<a {attributes} href="{_explain_url(column, row)}" {label}{title}>{text}</a>'
        if state is CellState.BLOCKED or not self.may_change:
            return f"<span {attributes}>{text}</span>"
        wanted = CellState.OFF if state is CellState.ON else CellState.ON
        value = f'name="{wanted.value}" value="{column.grant}:{name}"'
        return f"<button {attributes} {value} hx-post=cells/ {label}>{text}</button>"

    def _header(self, column: _Column) -> str:
        button = self._grant_button(column) if self.may_change else ""
        return f'<div id="{column.header_id}"><span>{escape(_summary(column.access))}</span>{button}</div>'

    def _grant_button(self, column: _Column) -> str:
        installation = column.access.installation
        attributes = f'id="{column.header_id}-act"'
        query = f"?number={column.public_id}&amp;installation={installation.public_id}"
        names = {"plugin": installation.version.manifest.name, "number": column.access.instance.name}
        if column.access.grant is not None:
            label = escape(_("Take back %(plugin)s from %(number)s") % names)
            return f'<a {attributes} href="take-back/{query}" aria-label="{label}">{escape(_("Take back"))}</a>'
        label = escape(_("Grant %(plugin)s to %(number)s") % names)
        text = f'aria-label="{label}">{escape(_("Grant"))}'
        if column.access.other_mode is not None:
            return f'<a {attributes} href="grant/{query}" {text}</a>'
        value = f'name="grant" value="{column.public_id}:{installation.public_id}"'
        return f'<button {attributes} class="k-link" formaction="grant/" hx-post="grant/" {value} {text}</button>'


def _column(access: NumberAccess) -> _Column:
    return _Column(
        access=access,
        header_id=header_id(access.instance, access.installation),
        number=escape(access.instance.name),
        public_id=access.instance.public_id,
        slug=access.installation.plugin.slug,
        grant=access.grant.id.hex if access.grant else "",
    )


def _table_cells(cells: list[str]) -> SafeString:
    """Puts cells side by side; the first is the one a phone shows."""
    return SafeString('<td class="is-shown">' + "</td><td>".join(cells) + "</td>") if cells else SafeString("")


def _explain_url(column: _Column, row: MatrixRow) -> str:
    """Returns where a blocked cell leads: to the page that names the gate."""
    number = f"?number={column.public_id}&amp;"
    if row.tool is None:
        return f"explain/{number}plugin={column.slug}&amp;permission={row.name}"
    return f"explain/{number}tool={agent_name(column.slug, row.name)}"


def _summary(access: NumberAccess) -> str:
    if access.other_mode is not None:
        return _("%(mode)s is granted") % {"mode": access.other_mode.plugin.installation.get_mode_display()}
    if access.grant is None:
        return _("Not granted")
    return _("%(on)s of %(all)s on") % {"on": access.on_count, "all": len(access.cells)}
