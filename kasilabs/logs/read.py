"""Reading plugin logs: pages by keyset over the call id, whose order is the order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from kasilabs.accounts.models import Organization
from kasilabs.lib import cursor, ids
from kasilabs.logs.filters import Filters
from kasilabs.logs.models import Call, CallState

PAGE_ROWS = 40
ROW = (
    "id",
    "organization_id",
    "created",
    "state",
    "plugin",
    "tool",
    "instance_id",
    "instance_name",
    "mode",
    "gate",
    "code",
    "reason",
    "duration_ms",
)
"""The columns a list shows; request and response stay where they are."""


@dataclass(frozen=True)
class Page:
    """Calls, newest first, and the cursors of the neighbouring pages; an empty one says there is none."""

    calls: Sequence[Call]
    older: str = ""
    newer: str = ""


def page(organization: Organization, filters: Filters, *, older: str = "", newer: str = "") -> Page:
    """Return the newest page, or the one a cursor leads to. Raises BadCursor."""
    found = matching(organization, filters).only(*ROW)
    if newer:
        return _newer_page(found.filter(id__gt=_position(newer, filters, "newer")), filters)
    if older:
        found = found.filter(id__lt=_position(older, filters, "older"))
    calls = list(found.order_by("-id")[: PAGE_ROWS + 1])
    more = len(calls) > PAGE_ROWS
    return _page(calls[:PAGE_ROWS], filters, has_older=more, has_newer=bool(older))


def _newer_page(found: QuerySet[Call], filters: Filters) -> Page:
    calls = list(found.order_by("id")[: PAGE_ROWS + 1])
    return _page(calls[:PAGE_ROWS][::-1], filters, has_older=True, has_newer=len(calls) > PAGE_ROWS)


def _page(calls: Sequence[Call], filters: Filters, *, has_older: bool, has_newer: bool) -> Page:
    if not calls:
        return Page(calls)
    return Page(
        calls,
        older=cursor.write(calls[-1].id, _binding(filters, "older")) if has_older else "",
        newer=cursor.write(calls[0].id, _binding(filters, "newer")) if has_newer else "",
    )


def _position(text: str, filters: Filters, direction: str) -> UUID:
    return cursor.read(text, _binding(filters, direction))


def _binding(filters: Filters, direction: str) -> dict[str, str]:
    return filters.params | {"direction": direction}


def matching(organization: Organization, filters: Filters) -> QuerySet[Call]:
    """Return the calls of an organization that fit the filters, in no order yet."""
    found = within(organization, filters, timezone.now())
    wanted = {
        "state": filters.status,
        "plugin": filters.plugin,
        "tool": filters.tool,
        "instance_id": filters.number,
        "gate": filters.gate,
        "mode": filters.mode,
    }
    found = found.filter(**{column: value for column, value in wanted.items() if value})
    return found.exclude(gate="") if filters.gate else found  # Spelled as the partial index over gates spells it.


def within(organization: Organization, filters: Filters, now: datetime) -> QuerySet[Call]:
    """Return the calls in the time asked for: a range of ids, so that an index over ids answers it."""
    found = organization.calls.all()
    start = filters.start(now)
    if start:
        found = found.filter(id__gte=ids.uuid7_floor(start))
    if filters.until:
        found = found.filter(id__lt=ids.uuid7_floor(filters.until))
    return found


def last_failures(organization: Organization, *, limit: int) -> list[Call]:
    """Return the newest calls that failed, through the plugin or through us; a refusal is not a failure.

    One statement for each kind: each is the head of an index, however many other calls there are.
    """
    failed = [
        call
        for state in (CallState.PLUGIN_FAULT, CallState.OUR_FAULT)
        for call in organization.calls.filter(state=state).only(*ROW).order_by("-id")[:limit]
    ]
    return sorted(failed, key=lambda call: call.id, reverse=True)[:limit]
