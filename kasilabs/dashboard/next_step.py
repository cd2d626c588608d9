"""The first thing missing on the way to a tool that works, as the overview names it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Permission


@dataclass(frozen=True)
class NextStep:
    """What is missing on the way to a tool that works, and the page where it is done."""

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


def next_step(member: Member, *, has_number: bool, has_plugin: bool, has_grant: bool) -> NextStep | None:
    """Returns the first thing missing in the organization, if this member may do something about it."""
    if not has_number:
        step = ADD_NUMBER
    elif not has_plugin:
        step = INSTALL
    elif not has_grant:
        step = GRANT
    else:
        return None
    return step if member.may(step.permission) else None
