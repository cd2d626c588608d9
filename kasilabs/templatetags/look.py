"""What every template can use without loading it: icons, states, risk tags, times, JSON trees, form fields.

The vocabulary is that of the look: a state is always a word and an icon, colour alone says nothing.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.forms.renderers import TemplatesSetting
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kasilabs.lib.documents import json_html
from kasilabs.lib.text import formatting, invisible

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
    "changes_requested": State(_("Changes asked"), "message-2", "warn"),
    "rejected": State(_("Rejected"), "ban", "bad"),
    "published": State(_("Published"), "circle-check", "ok"),
    "deprecated": State(_("Deprecated"), "history"),
    "quarantined": State(_("Quarantined"), "lock", "bad"),
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
    "leaves": (State(_("Leaves the platform"), "external-link"), _("Leaves")),
    "money": (State(_("Moves money"), "coin", "bad"), _("Money")),
    "contacts": (State(_("Contacts people"), "send", "bad"), _("Contacts")),
}

CONTROL_CLASSES = {
    "select": "form-select",
    "selectmultiple": "form-select",
    "nullbooleanselect": "form-select",
    "checkbox": "form-check-input",
    "radioselect": "form-check-input",
    "checkboxselectmultiple": "form-check-input",
}


class Renderer(TemplatesSetting):
    """Label above, hint below, error under the field: every Django form in the look, without a word in its template."""

    form_template_name = "includes/form.html"
    field_template_name = "includes/field.html"


@register.simple_tag
def icon(name: str, size: int = 0) -> SafeString:
    """Draw one icon of the sprite, 16 pixels wide unless told; it is never read aloud, the word beside it is."""
    measure = format_html(' width="{0}" height="{0}"', size) if size else ""
    drawing = '<svg class="k-i"{} aria-hidden="true"><use href="{}#{}"/></svg>'
    return format_html(drawing, measure, static("img/icons.svg"), name)


def state_of(name: str) -> State:
    """Look a state up by its stored value; an unknown one keeps its own word, in grey."""
    return STATES.get(str(name)) or State(str(name).replace("_", " ").capitalize(), "circle-dashed")


@register.simple_tag
def state(tone: str, icon_name: str, word: str) -> SafeString:
    """Write any other state: plain coloured text with its icon."""
    return format_html('<span class="k-st {}">{}{}</span>', tone, icon(icon_name), word)


@register.simple_tag
def call_state(name: str) -> SafeString:
    """Write a known state as plain coloured text with its icon, as tables want it."""
    found = state_of(name)
    return state(found.tone, found.icon, str(found.word))


@register.simple_tag
def state_badge(name: str, word: str = "") -> SafeString:
    """Write a known state as a filled badge: only for the state of the page's own thing."""
    found = state_of(name)
    return format_html('<span class="badge {}">{}{}</span>', found.tone, icon(found.icon, 14), word or found.word)


@register.simple_tag
def risk_tag(name: str, form: str = "long") -> SafeString:
    """Write what a tool or permission touches; ``short`` keeps the full words as title (the matrix)."""
    risk, short = RISKS[name]
    shown = format_html("{}{}", icon(risk.icon, 12), short if form == "short" else risk.word)
    return format_html('<span class="k-tag {}" title="{}">{}</span>', risk.tone, risk.word, shown)


@register.simple_tag
def tag(icon_name: str, word: str) -> SafeString:
    """Write what a tool or permission is, in grey."""
    return format_html('<span class="k-tag">{}{}</span>', icon(icon_name, 12), word)


@register.filter
def tone(name: str) -> str:
    """Return the tone of a known state, which is also the class of a note about it."""
    return state_of(name).tone


@register.filter
def ago(moment: dt.datetime | None) -> SafeString:
    """Say when, with the absolute time in the title."""
    return _time(moment, formatting.ago(moment)) if moment else SafeString("")


@register.filter
def clock(moment: dt.datetime | None) -> SafeString:
    """Write the time of day to the millisecond, as logs want it."""
    if not moment:
        return SafeString("")
    seconds, rest = formatting.clock(moment)
    return _time(moment, format_html('{}<span class="k-ms">{}</span>', seconds, rest))


def _time(moment: dt.datetime, shown: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', formatting.rfc3339(moment), formatting.utc(moment), shown
    )


@register.filter
def took(milliseconds: float | None) -> str:
    """Write a duration given in milliseconds; nothing for one that never ended."""
    return "" if milliseconds is None else formatting.duration(milliseconds)


@register.filter
def phone(number: str) -> str:
    return formatting.phone(str(number))


@register.filter
def initials(name: object) -> str:
    return formatting.initials(str(name))


@register.filter
def visible(text: object) -> SafeString:
    """Write a stranger's text: invisible and direction-changing characters stand in it as boxes."""
    return invisible.highlight(str(text))


@register.filter
def visible_list(texts: Iterable[object]) -> SafeString:
    """Write strangers' texts in one line, with commas between them."""
    return format_html_join(", ", "{}", ((visible(text),) for text in texts))


@register.filter
def json_tree(value: Any) -> SafeString:
    return json_html.render(value)


@register.filter
def control(field: BoundField) -> SafeString:
    """Draw the input of a form field with the classes of the look.

    A placeholder never stands in for a label, so the one a library may have set is left out.
    """
    own = CONTROL_CLASSES.get(field.widget_type, "form-control")
    names = [field.field.widget.attrs.get("class", ""), own, "is-invalid" if field.errors else ""]
    return field.as_widget(attrs={"placeholder": False, "class": " ".join(filter(None, names))})


@register.filter
def error_links(form: BaseForm) -> SafeString:
    """Name the visible fields of a form that have errors, each as a link to the field."""
    fields = [field for field in form.visible_fields() if field.errors]
    links = [(field.id_for_label or field.auto_id, field.label) for field in fields]
    return format_html_join(", ", '<a href="#{}">{}</a>', links)


@register.filter
def button_class(tags: Collection[str], kind: str = "button") -> str:
    """Return the class of a button that allauth describes by tags: quiet cancel and links, red for what deletes."""
    size = " btn-sm" if {"minor", "tool"} & {*tags} else ""
    if "danger" in tags:
        return f"btn-outline-danger{size}"
    if "link" in tags:
        return f"btn-ghost{size}"
    is_quiet = kind == "link" or {"outline", "secondary", "cancel"} & {*tags}
    return size.strip() if is_quiet else f"btn-primary{size}"
