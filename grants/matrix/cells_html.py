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

from grants.matrix.build import Group, Line, Slot, Word
from installations.models import Installation
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import agent_name

WORDS: dict[Word, str | Promise] = {
    Word.ON: gettext_lazy("On"),
    Word.OFF: gettext_lazy("Off"),
    Word.BLOCKED: gettext_lazy("Blocked"),
}


@dataclass(frozen=True)
class Row:
    """A row with its cells drawn."""

    line: Line
    cells: SafeString


@dataclass(frozen=True)
class Drawn:
    """A group with its cells drawn; a folded one has no rows."""

    group: Group
    anchor: str
    heads: SafeString
    rows: list[Row]


@dataclass(frozen=True)
class _Column:
    """What all cells of one plugin on one number share, escaped."""

    slot: Slot
    stem: str
    number: str
    public_id: str
    slug: str
    grant: str


def stem(instance: Instance, installation: Installation) -> str:
    """Return the `id` of a group's cell, and the beginning of those under it.

    Made of the random tails of two ids and a leading letter: the same on every page, and one of a kind on each.
    """
    return f"c{instance.public_id[-7:]}{installation.public_id[-7:]}"


def anchor(instance: Instance, installation: Installation, index: int) -> str:
    """Return the `id` of the cell of one row."""
    return f"{stem(instance, installation)}-{index}"


class Pen:
    """Draws cells for one person, in the language of the request."""

    def __init__(self, *, may_change: bool) -> None:
        self.may_change = may_change
        self.words = {word: escape(text) for word, text in WORDS.items()}
        self.said = escape(_("%(name)s for %(number)s: %(word)s"))

    def draw(self, group: Group) -> Drawn:
        """Draw a group for a page. On a phone one number is shown: the first."""
        columns = [_column(group.installation, slot) for slot in group.slots]
        heads = _tds([self._head(group, column) for column in columns])
        lines = group.lines if group.is_open else []
        rows = [Row(line, _tds([self._cell(column, line) for column in columns])) for line in lines]
        return Drawn(group, group.installation.public_id, heads, rows)

    def swaps(self, group: Group, rows: Collection[int]) -> SafeString:
        """Draw the cells of some rows to be swapped into a page that shows them, each by its `id`.

        Only what changed: a click that waits behind this answer is lost with the button it was made on.
        """
        lines = [line for line in group.lines if group.is_open and line.index in rows]
        columns = [_column(group.installation, slot) for slot in group.slots]
        cells = [self._cell(column, line) for column in columns for line in lines]
        drawn = [self._head(group, column) for column in columns] + cells
        return SafeString("".join(cell.replace(" id=", " hx-swap-oob=true id=", 1) for cell in drawn))

    def _cell(self, column: _Column, line: Line) -> str:
        word = column.slot.words[line.index]
        shown = self.words[word]
        attributes = f'id="{column.stem}-{line.index}" class="k-cell {word.value}"'
        name = escape(line.name)
        label = f'aria-label="{self.said % {"name": name, "number": column.number, "word": shown}}"'
        if word is Word.BLOCKED and column.slot.other is None:
            return f'<a {attributes} href="{_why(column, line)}" {label}>{shown}</a>'
        if word is Word.BLOCKED or not self.may_change:
            return f"<span {attributes}>{shown}</span>"
        wanted = Word.OFF if word is Word.ON else Word.ON
        value = f'name="{wanted.value}" value="{column.grant}:{name}"'
        return f"<button {attributes} {value} hx-post=cells/ {label}>{shown}</button>"

    def _head(self, group: Group, column: _Column) -> str:
        act = self._act(group, column) if self.may_change else ""
        return f'<div id="{column.stem}"><span>{escape(_said(column.slot))}</span>{act}</div>'

    def _act(self, group: Group, column: _Column) -> str:
        ins = group.installation.public_id
        own, query = f'id="{column.stem}-act"', f"?number={column.public_id}&amp;installation={ins}"
        names = {"plugin": group.manifest.name, "number": column.slot.instance.name}
        if column.slot.grant is not None:
            label = escape(_("Take back %(plugin)s from %(number)s") % names)
            return f'<a {own} href="take-back/{query}" aria-label="{label}">{escape(_("Take back"))}</a>'
        label = escape(_("Grant %(plugin)s to %(number)s") % names)
        shown = f'aria-label="{label}">{escape(_("Grant"))}'
        if column.slot.other is not None:
            return f'<a {own} href="grant/{query}" {shown}</a>'
        value = f'name="grant" value="{column.public_id}:{ins}"'
        return f'<button {own} class="k-link" formaction="grant/" hx-post="grant/" {value} {shown}</button>'


def _column(installation: Installation, slot: Slot) -> _Column:
    return _Column(
        slot=slot,
        stem=stem(slot.instance, installation),
        number=escape(slot.instance.name),
        public_id=slot.instance.public_id,
        slug=installation.plugin.slug,
        grant=slot.grant.id.hex if slot.grant else "",
    )


def _tds(cells: list[str]) -> SafeString:
    """Put cells side by side; the first is the one a phone shows."""
    return SafeString('<td class="is-shown">' + "</td><td>".join(cells) + "</td>") if cells else SafeString("")


def _why(column: _Column, line: Line) -> str:
    """Return where a blocked cell leads: to the page that names the gate."""
    number = f"?number={column.public_id}&amp;"
    if line.tool is None:
        return f"explain/{number}plugin={column.slug}&amp;permission={line.name}"
    return f"explain/{number}tool={agent_name(column.slug, line.name)}"


def _said(slot: Slot) -> str:
    if slot.other is not None:
        other = slot.other.plugin.installation.get_mode_display()
        return _("%(mode)s is granted") % {"mode": other}
    if slot.grant is None:
        return _("Not granted")
    return _("%(on)s of %(all)s on") % {"on": slot.on, "all": len(slot.words)}
