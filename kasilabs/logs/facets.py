"""The facets of the log: what there is to filter by, counted in the newest calls, so a long log costs no more."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from django.utils import dateformat, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.lib.states import Mode
from kasilabs.logs import search
from kasilabs.logs.filters import Filters
from kasilabs.logs.models import Call, CallKind, CallState
from kasilabs.templatetags.states import state_of

SAMPLE_SIZE = 2_000
"""Counts are those of the newest calls in the time asked for, at most this many."""

MAX_OPTIONS = 8
COLUMNS = ("kind", "state", "reason", "plugin", "tool", "instance_id", "instance_name", "gate", "mode")


@dataclass(frozen=True)
class Option:
    """One value to filter by, and the filters that a click on it leads to."""

    label: str | Promise
    count: int
    filters: Filters
    is_set: bool
    is_code: bool = False
    icon: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Facet:
    """A heading and its options, most frequent first."""

    name: str
    label: str | Promise
    options: list[Option]


@dataclass(frozen=True)
class Chip:
    """One filter that is set, and the filters without it."""

    name: str | Promise
    value: str | Promise
    filters: Filters


Group = dict[str, Any]
"""Calls that are alike in COLUMNS, and their `count`."""


def build(organization: Organization, filters: Filters) -> list[Facet]:
    """Returns the facets that have options. A value that is set is always an option, also with a count of zero."""
    newest = search.in_time_range(organization, filters, timezone.now()).order_by("-id").values("id")[:SAMPLE_SIZE]
    groups = list(Call.objects.filter(id__in=newest).order_by().values(*COLUMNS).annotate(count=Count("id")))
    facets = [
        Facet("kind", _("Kind"), _kind_options(groups, filters)),
        Facet("status", _("Outcome"), _status_options(groups, filters)),
        Facet("reason", _("Reason"), _reason_options(groups, filters)),
        Facet("plugin", _("Plugin"), _code_options(groups, filters, "plugin")),
        Facet("tool", _("Tool"), _tool_options(groups, filters)),
        Facet("number", _("Number"), _number_options(groups, filters)),
        Facet("gate", _("Gate"), _code_options(groups, filters, "gate")),
        Facet("mode", _("Mode"), _mode_options(groups, filters)),
    ]
    return [facet for facet in facets if facet.options]


def chips(facets: list[Facet], filters: Filters) -> list[Chip]:
    """Returns the filters that are set, in the words the facets use."""
    shown = [
        Chip(facet.label, option.label, option.filters) for facet in facets for option in facet.options if option.is_set
    ]
    for label, moment, without in (
        (_("From"), filters.since, filters.change(since=None)),
        (_("Until"), filters.until, filters.change(until=None)),
    ):
        if moment:
            shown.append(Chip(label, dateformat.format(timezone.localtime(moment), "j M Y, H:i:s"), without))
    return shown


def _kind_options(groups: list[Group], filters: Filters) -> list[Option]:
    """Returns both kinds where there is something to choose: most organizations have no bridge request."""
    counts = _counts(groups, lambda group: group["kind"])
    if not (counts[CallKind.BRIDGE] or filters.kind):
        return []
    return [
        Option(kind.label, counts[kind], filters.change(kind="" if is_set else kind.value), is_set)
        for kind in CallKind
        for is_set in [filters.kind == kind]
    ]


def _status_options(groups: list[Group], filters: Filters) -> list[Option]:
    counts = _counts(groups, lambda group: group["state"])
    options = []
    for state in CallState:
        is_set, shown = filters.status == state, state_of(state)
        if counts[state] or is_set:
            leads_to = filters.change(status="" if is_set else state.value)
            options.append(Option(state.label, counts[state], leads_to, is_set, icon=shown.icon, tone=shown.tone))
    return options


def _reason_options(groups: list[Group], filters: Filters) -> list[Option]:
    """Returns the reasons of the outcome that is set, or of all; a click sets outcome and reason.

    The reasons of a gate are left to the facet of the gates, unless refusals are asked for.
    """
    groups = [group for group in groups if filters.status in ("", group["state"])]
    if filters.status != CallState.REFUSED:
        groups = [group for group in groups if not (group["state"] == CallState.REFUSED and group["gate"])]
    counts = _counts(groups, lambda group: group["reason"] and (group["state"], group["reason"]))
    current = next((key for key in counts if key and key[1] == filters.reason), (filters.status, filters.reason))
    options = []
    for (state, reason), count, is_set in _most_frequent(counts, filters.reason and current):
        leads_to = filters.change(reason="") if is_set else filters.change(status=state, reason=reason)
        shown = state_of(state)
        options.append(Option(reason, count, leads_to, is_set, is_code=True, icon=shown.icon, tone=shown.tone))
    return options


def _code_options(groups: list[Group], filters: Filters, name: str) -> list[Option]:
    counts = _counts(groups, lambda group: group[name])
    return [
        Option(value, count, filters.change(**{name: "" if is_set else value}), is_set, is_code=True)
        for value, count, is_set in _most_frequent(counts, getattr(filters, name))
    ]


def _tool_options(groups: list[Group], filters: Filters) -> list[Option]:
    """Returns the tools of the plugin that is set, or of all; a click sets tool and plugin."""
    groups = [group for group in groups if group["plugin"] and filters.plugin in ("", group["plugin"])]
    counts = _counts(groups, lambda group: (group["plugin"], group["tool"]))
    options = []
    for (plugin, tool), count, is_set in _most_frequent(counts, filters.tool and (filters.plugin, filters.tool)):
        leads_to = filters.change(tool="") if is_set else filters.change(plugin=plugin, tool=tool)
        options.append(Option(tool, count, leads_to, is_set, is_code=True))
    return options


def _number_options(groups: list[Group], filters: Filters) -> list[Option]:
    names = {group["instance_id"]: group["instance_name"] for group in groups}
    counts = _counts(groups, lambda group: group["instance_id"])
    return [
        Option(names.get(number, _("Another number")), count, filters.change(number=None if is_set else number), is_set)
        for number, count, is_set in _most_frequent(counts, filters.number)
    ]


def _mode_options(groups: list[Group], filters: Filters) -> list[Option]:
    counts = _counts(groups, lambda group: group["mode"])
    return [
        Option(Mode(mode).label, count, filters.change(mode="" if is_set else mode), is_set)
        for mode, count, is_set in _most_frequent(counts, filters.mode)
    ]


def _counts(groups: list[Group], key: Callable[[Group], Any]) -> Counter[Any]:
    counts: Counter[Any] = Counter()
    for group in groups:
        counts[key(group)] += group["count"]
    return counts


def _most_frequent(counts: Counter[Any], current: Any) -> Iterator[tuple[Any, int, bool]]:
    """Yields (value, count, is set) for the most frequent values that are not empty, and for the one that is set."""
    values = [value for value, _count in counts.most_common() if value][:MAX_OPTIONS]
    if current and current not in values:
        values.append(current)
    for value in values:
        yield value, counts[value], value == current
