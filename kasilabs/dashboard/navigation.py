"""The side bar: what there is to open, for the person who asks. An item they may not open is absent."""

from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, Q, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from installations.models import Installation
from kasilabs.accounts.access import MemberRequest
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import ids
from kasilabs.logs.models import Call, CallState
from kasilabs.whatsapp.models import Instance


@dataclass(frozen=True)
class Entry:
    """One place in the side bar: a name, a route and what is needed to open it."""

    label: str | Promise
    route: str
    icon: str
    permission: Permission
    counts: str = ""


PLACES: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry(_("Overview"), "overview", "layout-dashboard", Permission.OVERVIEW_VIEW),
            Entry(_("Installed plugins"), "installations:list", "plug", Permission.INSTALLATIONS_VIEW, "installations"),
            Entry(_("WhatsApp numbers"), "whatsapp:list", "brand-whatsapp", Permission.NUMBERS_VIEW, "numbers"),
            Entry(_("Permission matrix"), "grants:matrix", "table", Permission.GRANTS_VIEW),
            Entry(_("Plugin logs"), "logs:list", "list-search", Permission.LOGS_VIEW, "failures"),
        ),
    ),
    (_("Develop"), (Entry(_("Developer area"), "plugins:list", "code", Permission.PLUGINS_VIEW),)),
    (
        _("Organization"),
        (
            Entry(_("People"), "accounts:members", "users", Permission.MEMBERS_VIEW),
            Entry(_("Toolkits"), "grants:toolkits", "tool", Permission.GRANTS_VIEW),
        ),
    ),
)


@dataclass(frozen=True)
class Item:
    """An entry as one person sees it on one page."""

    label: str | Promise
    url: str
    icon: str
    is_current: bool
    count: int | None
    is_alarm: bool


@dataclass(frozen=True)
class Group:
    """Entries under one heading."""

    heading: str | Promise
    items: list[Item]


@dataclass(frozen=True)
class Navigation:
    """The side bar of one person on one page."""

    groups: list[Group]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the side bar, and whose it is, wherever a member was let in."""
    member: Member | None = getattr(request, "member", None)
    if member is None:
        return {}
    inside = cast(MemberRequest, request)
    return {
        "organization": inside.organization,
        "member": member,
        "permissions": {permission.value.replace(".", "_"): True for permission in member.permissions},
        "navigation": Navigation(_groups(inside)),
    }


def _groups(request: MemberRequest) -> list[Group]:
    counts = _counts(request)
    groups = [
        Group(heading, [_item(request, entry, counts) for entry in entries if request.member.may(entry.permission)])
        for heading, entries in PLACES
    ]
    return [group for group in groups if group.items]


def _item(request: MemberRequest, entry: Entry, counts: dict[str, int]) -> Item:
    url = reverse(entry.route, args=[request.organization.slug])
    is_current = request.path == url or (entry.route != "overview" and request.path.startswith(url))
    count = counts.get(entry.counts) or None
    return Item(entry.label, url, entry.icon, is_current, count, is_alarm=entry.counts == "failures")


def _counts(request: MemberRequest) -> dict[str, int]:
    """Count what the side bar shows, in one query: rows of three tables that each know the organization."""
    organization = request.organization
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    faults = Q(state__in=[CallState.PLUGIN_FAULT, CallState.OUR_FAULT])
    parts = [
        _count("installations", Installation.objects.not_removed().filter(organization=organization)),
        _count("numbers", Instance.objects.filter(organization=organization)),
        _count("failures", Call.objects.filter(faults, organization=organization, id__gte=ids.uuid7_floor(today))),
    ]
    return dict(parts[0].union(*parts[1:], all=True))


def _count(name: str, rows: Any) -> Any:
    return (
        rows.order_by()
        .annotate(kind=Value(name))
        .values("kind")
        .annotate(number=Count("pk"))
        .values_list("kind", "number")
    )
