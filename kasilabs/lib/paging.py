"""One page of a list in the order of its time-ordered ids, newest first: its cost never grows with the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpRequest

from kasilabs.lib import cursor

ROWS = 50


@dataclass(frozen=True)
class Page:
    """Some rows, and where links lead from them: to the first page from a later one, and to older rows if any."""

    rows: Sequence[Any]
    newest_url: str = ""
    older_url: str = ""


def page(request: HttpRequest, rows: Any, filters: Mapping[str, str]) -> Page:
    """Return the rows (a queryset) that come after the cursor in the URL. Raises Http404 for one of another list."""
    after = request.GET.get("after", "")
    if after:
        rows = rows.filter(id__lt=_position(after, filters))
    found = list(rows.order_by("-id")[: ROWS + 1])
    newest_url = request.path if after else ""
    if len(found) <= ROWS:
        return Page(found, newest_url)
    return Page(found[:ROWS], newest_url, f"?{urlencode({'after': cursor.write(found[ROWS - 1].id, filters)})}")


def _position(after: str, filters: Mapping[str, str]) -> UUID:
    try:
        return cursor.read(after, filters)
    except cursor.BadCursor as error:
        raise Http404 from error
