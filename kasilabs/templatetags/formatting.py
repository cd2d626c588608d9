"""Times, durations, phone numbers, money, texts of strangers and JSON, as pages write them."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kasilabs.lib import money as amounts
from kasilabs.lib.documents import json_html
from kasilabs.lib.text import formatting, invisible

register = template.Library()


@register.filter
def ago(moment: dt.datetime | None) -> SafeString:
    """Says when, with the absolute time in the title."""
    return _time(moment, formatting.ago(moment)) if moment else SafeString("")


@register.filter
def clock(moment: dt.datetime | None) -> SafeString:
    """Writes the time of day to the millisecond, as logs want it."""
    if not moment:
        return SafeString("")
    seconds, rest = formatting.clock(moment)
    return _time(moment, format_html('{}<span class="k-ms">{}</span>', seconds, rest))


def _time(moment: dt.datetime, shown: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', formatting.rfc3339(moment), formatting.utc(moment), shown
    )


@register.filter
def duration(milliseconds: float | None) -> str:
    """Writes a duration given in milliseconds; nothing for one that never ended."""
    return "" if milliseconds is None else formatting.duration(milliseconds)


@register.filter
def phone(number: str) -> str:
    return formatting.phone(str(number))


@register.filter
def money(amount_minor: int, currency: str) -> str:
    """Writes minor units as an amount in the language of the page, with the code before the figure."""
    return amounts.display(amount_minor, currency)


@register.filter
def initials(name: object) -> str:
    return formatting.initials(str(name))


@register.filter
def visible(text: object) -> SafeString:
    """Writes a stranger's text: invisible and direction-changing characters show as boxes."""
    return invisible.highlight(str(text))


@register.filter
def visible_list(texts: Iterable[object]) -> SafeString:
    """Writes strangers' texts in one line, with commas between them."""
    return format_html_join(", ", "{}", ((visible(text),) for text in texts))


@register.filter
def json_tree(value: Any) -> SafeString:
    return json_html.render(value)
