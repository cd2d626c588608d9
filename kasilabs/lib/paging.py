"""One page of a list in the order of its time-ordered ids, newest first: its cost never grows with the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kasilabs.lib import cursor

ROWS = 50


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursor of those after them where there are any."""

    rows: Sequence[Any]
    older: str = ""


def page(rows: Any, after: str, filters: Mapping[str, str]) -> Page:
    """Return the rows (a queryset) that come after the cursor. Raises cursor.BadCursor."""
    if after:
        rows = rows.filter(id__lt=cursor.read(after, filters))
    found = list(rows.order_by("-id")[: ROWS + 1])
    if len(found) <= ROWS:
        return Page(found)
    return Page(found[:ROWS], cursor.write(found[ROWS - 1].id, filters))
