"""States and risks: always a word and an icon, because colour alone says nothing."""

from dataclasses import dataclass

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kasilabs.templatetags.icons import icon

register = template.Library()


@dataclass(frozen=True)
class State:
    """How one state reads: its word, the icon beside it, and the tone of both (ok, warn, bad, info or quiet)."""

    word: str | Promise
    icon: str
    tone: str = "quiet"


STATES = {
    "on": State(_("On"), "check", "ok"),
    "ask": State(_("Ask"), "user-question", "warn"),
    "off": State(_("Off"), "minus"),
    "blocked": State(_("Blocked"), "lock"),
    "succeeded": State(_("Succeeded"), "circle-check", "ok"),
    "declined": State(_("Declined"), "message-2"),
    "refused": State(_("Refused"), "ban", "warn"),
    "plugin_fault": State(_("Plugin fault"), "circle-x", "bad"),
    "our_fault": State(_("Our fault"), "alert-triangle", "bad"),
    "open": State(_("Running"), "loader", "info"),
    "lost": State(_("Lost"), "circle-dashed"),
    "connected": State(_("Connected"), "circle-check", "ok"),
    "pair_again": State(_("Pair again"), "alert-triangle", "warn"),
    "needs_configuration": State(_("Needs configuration"), "adjustments-horizontal", "warn"),
    "active": State(_("Active"), "circle-check", "ok"),
    "suspended": State(_("Suspended"), "player-pause"),
    "removed": State(_("Removed"), "trash"),
    "draft": State(_("Draft"), "pencil"),
    "submitted": State(_("Submitted"), "send", "info"),
    "in_review": State(_("In review"), "clock", "warn"),
    "approved": State(_("Approved"), "circle-check", "ok"),
    "changes_requested": State(_("Changes requested"), "message-2", "warn"),
    "rejected": State(_("Rejected"), "ban", "bad"),
    "published": State(_("Published"), "circle-check", "ok"),
    "deprecated": State(_("Deprecated"), "history"),
    "quarantined": State(_("Quarantined"), "lock", "bad"),
    "pending": State(_("Waiting"), "clock", "info"),
    "unknown": State(_("Outcome unknown"), "alert-triangle", "warn"),
    "paid": State(_("Paid"), "circle-check", "ok"),
    "failed": State(_("Failed"), "circle-x", "bad"),
    "cancelled": State(_("Cancelled"), "ban"),
    "partly_refunded": State(_("Partly refunded"), "arrow-left"),
    "refunded": State(_("Refunded"), "arrow-left"),
    "prepared": State(_("Not sent yet"), "clock"),
    "dispatching": State(_("With the provider"), "loader", "info"),
    "done": State(_("Done"), "circle-check", "ok"),
    "settled": State(_("Settled"), "circle-check", "ok"),
    "not_found": State(_("Knows of nothing"), "circle-dashed", "warn"),
    "not_sent": State(_("Not reached"), "circle-dashed", "warn"),
    "placed": State(_("Placed"), "clock", "info"),
    "confirmed": State(_("Confirmed"), "circle-check", "ok"),
    "fulfilled": State(_("Fulfilled"), "circle-check", "ok"),
    "accepted": State(_("Accepted"), "circle-check", "ok"),
    "closed": State(_("Closed"), "lock"),
    "waiting": State(_("Waiting"), "clock", "warn"),
    "taken": State(_("Taken"), "user-check", "info"),
    "resolved": State(_("Resolved"), "circle-check", "ok"),
    "urgent": State(_("Urgent"), "alert-triangle", "bad"),
    "high": State(_("High"), "alert-circle", "warn"),
    "normal": State(_("Normal"), "minus"),
    "low": State(_("Low"), "minus"),
    "sandbox": State(_("Sandbox"), "flask", "info"),
    "pass": State(_("Pass"), "circle-check", "ok"),
    "warn": State(_("Warn"), "alert-triangle", "warn"),
    "fail": State(_("Fail"), "circle-x", "bad"),
    "not_run": State(_("Not run"), "circle-dashed"),
    "by_hand": State(_("By hand"), "user-check"),
}

RISKS = {
    "personal": (State(_("Personal data"), "eye"), _("Personal data")),
    "writes": (State(_("Writes"), "pencil"), _("Writes")),
    "deletes": (State(_("Deletes or overwrites"), "trash", "bad"), _("Deletes")),
    "leaves": (State(_("Leaves the platform"), "external-link"), _("Leaves")),
    "money": (State(_("Moves money"), "coin", "bad"), _("Money")),
    "contacts": (State(_("Contacts people"), "send", "bad"), _("Contacts")),
}


def state_of(name: str) -> State:
    """Returns a state by its stored value; an unknown one keeps its own word, in grey."""
    return STATES.get(str(name)) or State(str(name).replace("_", " ").capitalize(), "circle-dashed")


@register.simple_tag
def state_text(tone: str, icon_name: str, word: str) -> SafeString:
    """Writes any other state as plain coloured text with its icon."""
    return format_html('<span class="k-st {}">{}{}</span>', tone, icon(icon_name), word)


@register.simple_tag
def state(name: str) -> SafeString:
    """Writes a known state as plain coloured text with its icon, as tables want it."""
    known = state_of(name)
    return state_text(known.tone, known.icon, str(known.word))


@register.simple_tag
def state_badge(name: str, word: str = "") -> SafeString:
    """Writes a known state as a filled badge: only for the state of the page's own thing."""
    known = state_of(name)
    return format_html('<span class="badge {}">{}{}</span>', known.tone, icon(known.icon, 14), word or known.word)


@register.simple_tag
def risk_tag(name: str, form: str = "long") -> SafeString:
    """Writes what a tool or permission touches; ``short`` keeps the full words as title (the matrix)."""
    risk, short = RISKS[name]
    shown = format_html("{}{}", icon(risk.icon, 12), short if form == "short" else risk.word)
    return format_html('<span class="k-tag {}" title="{}">{}</span>', risk.tone, risk.word, shown)


@register.simple_tag
def tag(icon_name: str, word: str) -> SafeString:
    """Writes what a tool or permission is, in grey."""
    return format_html('<span class="k-tag">{}{}</span>', icon(icon_name, 12), word)


@register.filter
def tone(name: str) -> str:
    """Returns the tone of a known state, which is also the class of a note about it."""
    return state_of(name).tone
