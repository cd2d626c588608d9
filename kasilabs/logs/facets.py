"""What there is to filter by, counted in the newest calls: a long log costs no more than a short one."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils import dateformat, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.lib.states import Mode
from kasilabs.logs import search
from kasilabs.logs.filters import Filters
from kasilabs.logs.models import Call, CallState
from kasilabs.templatetags.look import state_of

SAMPLE = 2_000
"""Counts are those of the newest calls in the time asked for, at most this many."""
MAX_OPTIONS = 8
COLUMNS = ("state", "plugin", "tool", "instance_id", "instance_name", "gate", "mode")


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


Row = dict[str, Any]


def build(organization: Organization, filters: Filters) -> list[Facet]:
    """Return what the sample offers. A value that is set stays on offer when the sample does not hold it."""
    rows = _sample(organization, filters)
    offered = [
        Facet("status", _("Outcome"), _statuses(rows, filters)),
        Facet("plugin", _("Plugin"), _plain(rows, filters, "plugin")),
        Facet("tool", _("Tool"), _tools(rows, filters)),
        Facet("number", _("Number"), _numbers(rows, filters)),
        Facet("gate", _("Gate"), _plain(rows, filters, "gate")),
        Facet("mode", _("Mode"), _modes(rows, filters)),
    ]
    return [facet for facet in offered if facet.options]


def chips(offered: list[Facet], filters: Filters) -> list[Chip]:
    """Return what is set, in the words the facets use."""
    chosen = [
        Chip(facet.label, option.label, option.filters)
        for facet in offered
        for option in facet.options
        if option.is_set
    ]
    times = ((_("From"), filters.since, {"since": None}), (_("Until"), filters.until, {"until": None}))
    return chosen + [Chip(label, _written(at), filters.change(**without)) for label, at, without in times if at]


def _written(moment: datetime) -> str:
    return dateformat.format(timezone.localtime(moment), "j M Y, H:i:s")


def _sample(organization: Organization, filters: Filters) -> list[Row]:
    newest = search.in_time_range(organization, filters, timezone.now()).order_by("-id").values("id")[:SAMPLE]
    return list(Call.objects.filter(id__in=newest).order_by().values(*COLUMNS).annotate(count=Count("id")))


def _counted(rows: list[Row], key: Callable[[Row], Any]) -> Counter[Any]:
    counts: Counter[Any] = Counter()
    for row in rows:
        counts[key(row)] += row["count"]
    return counts


def _statuses(rows: list[Row], filters: Filters) -> list[Option]:
    counts = _counted(rows, lambda row: row["state"])
    options = []
    for state in CallState:
        is_set, look = filters.status == state, state_of(state)
        if counts[state] or is_set:
            leads_to = filters.change(status="" if is_set else state.value)
            options.append(Option(state.label, counts[state], leads_to, is_set, icon=look.icon, tone=look.tone))
    return options


def _plain(rows: list[Row], filters: Filters, name: str) -> list[Option]:
    current = getattr(filters, name)
    counts = _counted(rows, lambda row: row[name])
    return [
        Option(value, count, filters.change(**{name: "" if is_set else value}), is_set, is_code=True)
        for value, count, is_set in _offered(counts, current)
    ]


def _tools(rows: list[Row], filters: Filters) -> list[Option]:
    """Offer the tools of the plugin that is set, or of all; a click sets both."""
    among = [row for row in rows if row["plugin"] and filters.plugin in ("", row["plugin"])]
    counts = _counted(among, lambda row: (row["plugin"], row["tool"]))
    current = (filters.plugin, filters.tool) if filters.tool else ("", "")
    options = []
    for (plugin, tool), count, is_set in _offered(counts, current):
        leads_to = filters.change(tool="") if is_set else filters.change(plugin=plugin, tool=tool)
        options.append(Option(tool, count, leads_to, is_set, is_code=True))
    return options


def _numbers(rows: list[Row], filters: Filters) -> list[Option]:
    names = {row["instance_id"]: row["instance_name"] for row in rows}
    counts = _counted(rows, lambda row: row["instance_id"])
    return [
        Option(names.get(number, _("Another number")), count, filters.change(number=None if is_set else number), is_set)
        for number, count, is_set in _offered(counts, filters.number)
    ]


def _modes(rows: list[Row], filters: Filters) -> list[Option]:
    counts = _counted(rows, lambda row: row["mode"])
    return [
        Option(Mode(mode).label, count, filters.change(mode="" if is_set else mode), is_set)
        for mode, count, is_set in _offered(counts, filters.mode)
    ]


def _offered(counts: Counter[Any], current: Any) -> Iterator[tuple[Any, int, bool]]:
    """Yield (value, count, is set): the most frequent values that are not empty, and always the one that is set."""
    frequent = [value for value, _count in counts.most_common() if value and value != ("", "")]
    shown = frequent[:MAX_OPTIONS]
    if current and current != ("", "") and current not in shown:
        shown.append(current)
    for value in shown:
        yield value, counts[value], value == current
