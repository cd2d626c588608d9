"""Searching plugin logs: the calls that fit the filters of a reader, page by page, and the last failures."""

from datetime import datetime

from django.db.models import Count, QuerySet
from django.utils import timezone

from kasilabs.accounts.models import Organization
from kasilabs.lib import ids, pagination
from kasilabs.lib.pagination import Page
from kasilabs.logs.filters import Filters
from kasilabs.logs.models import FAULTS, LONG_BYTES, Call, CallKind, CallState

PAGE_SIZE = 40
LIST_COLUMNS = (
    "id",
    "organization_id",
    "created",
    "kind",
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
    "response_bytes",
    "plugin_status",
)
"""What a list shows; request and response, which are large, are not read for it."""


def page(organization: Organization, filters: Filters, *, older: str = "", newer: str = "") -> Page[Call]:
    """Returns the newest page, or the one a cursor leads to. Raises BadCursor."""
    calls = matching(organization, filters).only(*LIST_COLUMNS)
    return pagination.paginate(calls, filters.params, size=PAGE_SIZE, older=older, newer=newer)


def matching(organization: Organization, filters: Filters) -> QuerySet[Call]:
    """Returns the calls of an organization that fit the filters, in no order."""
    calls = in_time_range(organization, filters, timezone.now())
    wanted = {
        "kind": filters.kind,
        "state": filters.status,
        "reason": filters.reason,
        "plugin": filters.plugin,
        "tool": filters.tool,
        "instance_id": filters.number,
        "gate": filters.gate,
        "mode": filters.mode,
    }
    calls = calls.filter(**{column: value for column, value in wanted.items() if value})
    # The indexes over gates and reasons leave out calls without one: used only when the query says so as well.
    calls = calls.exclude(gate="") if filters.gate else calls
    return calls.exclude(reason="") if filters.reason else calls


def in_time_range(organization: Organization, filters: Filters, now: datetime) -> QuerySet[Call]:
    """Returns the calls in the time asked for. A time range is a range of ids, so an index over ids answers it."""
    calls = organization.calls.all()
    start = filters.start(now)
    if start:
        calls = calls.filter(id__gte=ids.uuid7_floor(start))
    if filters.until:
        calls = calls.filter(id__lt=ids.uuid7_floor(filters.until))
    return calls


def related(call: Call) -> list[Call]:
    """Returns the bridge requests made in a call, or with the key of a bridge request, in the order they were made.

    At most one page of them: a plugin may repeat a request as often as it likes.
    """
    bridges = call.organization.calls.filter(kind=CallKind.BRIDGE).only(*LIST_COLUMNS).order_by("id")
    if not call.is_bridge:
        return list(bridges.filter(made_in=call.id)[:PAGE_SIZE])
    if call.bridge_call is None:
        return []
    return list(bridges.filter(bridge_call=call.bridge_call).exclude(id=call.id)[:PAGE_SIZE])


def count_outcomes(organization: Organization, *, since: datetime) -> dict[CallState, int]:
    """Returns how many calls since a moment ended how, in the order of the states; zeros included.

    The states are all named, so that the index over states answers alone.
    """
    recent = organization.calls.filter(state__in=CallState.values, id__gte=ids.uuid7_floor(since))
    counts = dict(recent.order_by().values_list("state").annotate(Count("id")))
    return {state: counts.get(state, 0) for state in CallState}


def long_tools(organization: Organization, plugin: str, version: str) -> set[str]:
    """Returns the tools of a version that have given this organization a long answer."""
    calls = organization.calls.filter(plugin=plugin, version=version, response_bytes__gt=LONG_BYTES)
    calls = calls.filter(plugin_status__gte=200, plugin_status__lt=300)
    return set(calls.order_by().values_list("tool", flat=True).distinct())


def last_failures(organization: Organization, *, limit: int) -> list[Call]:
    """Returns the newest calls that failed, in the plugin or in the platform; neither a refusal nor a decline did.

    There is one query for each kind: each reads the head of an index, however many other calls there are.
    """
    failed = [
        call
        for state in FAULTS
        for call in organization.calls.filter(state=state).only(*LIST_COLUMNS).order_by("-id")[:limit]
    ]
    return sorted(failed, key=lambda call: call.id, reverse=True)[:limit]
