"""The side bar: what there is to open, for the person who asks. An item they may not open is absent."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Count, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from installations.models import Installation
from kasilabs.accounts.access import MemberRequest, memberships
from kasilabs.accounts.models import Notice
from kasilabs.accounts.permissions import Permission
from kasilabs.jobs import sources
from kasilabs.jobs.overview import Owner
from kasilabs.lib import ids
from kasilabs.logs.models import FAULTS, Call
from kasilabs.toolkits.escalations.models import Escalation
from kasilabs.toolkits.payments import search as payments
from kasilabs.whatsapp.models import Instance

DEAD_LETTERS = "dead letters"


@dataclass(frozen=True)
class Entry:
    """One place in the side bar: a name, a route and what is needed to open it."""

    label: str | Promise
    route: str
    icon: str
    permission: Permission
    counts: str = ""


ENTRIES: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry(_("Overview"), "overview", "layout-dashboard", Permission.OVERVIEW_VIEW),
            Entry(_("Installed plugins"), "installations:list", "plug", Permission.INSTALLATIONS_VIEW, "installations"),
            Entry(_("WhatsApp numbers"), "whatsapp:list", "brand-whatsapp", Permission.NUMBERS_VIEW, "numbers"),
            Entry(_("Permission matrix"), "grants:matrix", "table", Permission.GRANTS_VIEW),
            Entry(_("Plugin logs"), "logs:list", "list-search", Permission.LOGS_VIEW, "failures"),
            Entry(_("Payments"), "payments:list", "coin", Permission.PAYMENTS_VIEW, "overdue payments"),
            Entry(_("Orders"), "orders:list", "package", Permission.ORDERS_VIEW),
            Entry(_("Escalations"), "escalations:list", "user-question", Permission.CHATS_ANSWER, "escalations"),
        ),
    ),
    (_("Develop"), (Entry(_("Developer area"), "plugins:list", "code", Permission.PLUGINS_VIEW),)),
    (
        _("Organization"),
        (
            Entry(_("People"), "accounts:members", "users", Permission.MEMBERS_VIEW),
            Entry(_("Toolkits"), "grants:toolkits", "tool", Permission.GRANTS_VIEW),
            Entry(_("Dead letters"), "dead_letters:list", "clock", Permission.JOBS_RETRY, DEAD_LETTERS),
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

    @property
    def home_url(self) -> str:
        """The first page this person may open."""
        return self.groups[0].items[0].url if self.groups else reverse("home")


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the side bar, and whose it is, wherever a member was let in.

    On pages of a person alone it is the list of their organizations, read only when a template shows it, and what is
    the platform's own for its staff.
    """
    if getattr(request, "member", None) is None:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return {}
        return {
            "memberships": SimpleLazyObject(lambda: list(memberships(user))),
            "unread_notices": SimpleLazyObject(lambda: user.notices.unread().count()),
            "navigation": Navigation([_platform(request)] if user.is_reviewer else []),
        }
    inside = cast(MemberRequest, request)
    counts = _counts(inside)
    groups = [
        Group(heading, [_item(inside, entry, counts) for entry in entries if inside.member.may(entry.permission)])
        for heading, entries in ENTRIES
    ]
    return {
        "organization": inside.organization,
        "member": inside.member,
        "memberships": inside.memberships,
        "unread_notices": counts.get("notices", 0),
        "permissions": {permission.value.replace(".", "_"): True for permission in inside.member.permissions},
        "navigation": Navigation([group for group in groups if group.items]),
    }


def _platform(request: HttpRequest) -> Group:
    """Returns what staff of the platform may open."""
    url = reverse("platform_dead_letters:list")
    is_current = request.path.startswith(url)
    return Group(_("Platform"), [Item(_("Dead letters"), url, "clock", is_current, count=None, is_alarm=False)])


def _item(request: MemberRequest, entry: Entry, counts: dict[str, int]) -> Item:
    url = reverse(entry.route, args=[request.organization.slug])
    is_current = request.path == url or (entry.route != "overview" and request.path.startswith(url))
    count = counts.get(entry.counts) or None
    return Item(entry.label, url, entry.icon, is_current, count, is_alarm=entry.counts == "failures")


def _counts(request: MemberRequest) -> dict[str, int]:
    """Returns the figures beside the entries, by the name in `Entry.counts`; all tables are read in one query."""
    organization = request.organization
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    querysets: dict[str, QuerySet[Any]] = {
        "installations": Installation.objects.not_removed().filter(organization=organization),
        "numbers": Instance.objects.filter(organization=organization),
        "failures": Call.objects.filter(state__in=FAULTS, organization=organization, id__gte=ids.uuid7_floor(today)),
        "overdue payments": payments.overdue(organization, timezone.now()),
        "escalations": Escalation.objects.waiting().filter(organization=organization),
        "notices": Notice.objects.unread().filter(user=request.user),
    }
    owner = Owner(organization)
    dead_letters = [(DEAD_LETTERS, owner.rows(each).dead()) for each in sources.registered() if each.organization]
    rows = [
        queryset.order_by()
        .annotate(counted=Value(name))
        .values("counted")
        .annotate(number=Count("pk"))
        .values_list("counted", "number")
        for name, queryset in [*querysets.items(), *dead_letters]
    ]
    counts: Counter[str] = Counter()
    for name, number in rows[0].union(*rows[1:], all=True):
        counts[name] += number
    return counts
