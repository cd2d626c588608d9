"""The first page of an organization: what it has, what failed last, and the next act where something is missing."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.models import PluginGrant
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Permission
from kasilabs.logs import search as logs

MOST_ROWS = 8
MOST_FAILURES = 6


@dataclass(frozen=True)
class NextStep:
    """The next act on the way to a tool that works."""

    title: str | Promise
    text: str | Promise
    label: str | Promise
    route: str
    permission: Permission


ADD_NUMBER = NextStep(
    _("Add a WhatsApp number first."),
    _("Its agent gets no tool before you grant one."),
    _("Add a number"),
    "whatsapp:add",
    Permission.NUMBERS_CHANGE,
)
INSTALL = NextStep(
    _("Install a plugin."),
    _("Publish a manifest in the developer area and install it in the sandbox."),
    _("Open the developer area"),
    "plugins:list",
    Permission.PLUGINS_DEVELOP,
)
GRANT = NextStep(
    _("No number may use a plugin yet."),
    _("Nothing is on until somebody turns it on."),
    _("Open the permission matrix"),
    "grants:matrix",
    Permission.GRANTS_CHANGE,
)


def context(member: Member) -> dict[str, Any]:
    """Return what the page shows to this member."""
    organization = member.organization
    numbers = list(organization.instances.order_by("name")[:MOST_ROWS])
    installed = organization.installations.not_removed().with_version()
    installations = list(installed.order_by("-id")[:MOST_ROWS])
    failures = logs.last_failures(organization, limit=MOST_FAILURES) if member.may(Permission.LOGS_VIEW) else []
    next_step = _next_step(member, has_number=bool(numbers), has_plugin=bool(installations))
    return {"numbers": numbers, "installations": installations, "failures": failures, "next_step": next_step}


def _next_step(member: Member, *, has_number: bool, has_plugin: bool) -> dict[str, Any] | None:
    """Return the first thing missing, if this member may do something about it."""
    if not has_number:
        step = ADD_NUMBER
    elif not has_plugin:
        step = INSTALL
    elif not PluginGrant.objects.filter(organization=member.organization).exists():
        step = GRANT
    else:
        return None
    if not member.may(step.permission):
        return None
    return {"step": step, "url": reverse(step.route, args=[member.organization.slug])}
