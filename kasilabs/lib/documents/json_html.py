"""Untrusted JSON as nested ``<details>``: everything escaped, depth and size bounded.

A value that was removed before storing is shown as a sentence and not as data. It has one of two forms: an object with
the single member ``$hidden`` whose value is the sentence, or a string ``[hidden]`` or ``[hidden: sentence]``.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

OPEN_LEVELS = 2
MAX_DEPTH = 16
MAX_ROWS = 400
MAX_TEXT = 2_000
HIDDEN_KEY = "$hidden"
HIDDEN_TEXT = re.compile(r"\[hidden(?:: ([^\]]{1,200}))?\]")


@dataclass
class RowBudget:
    """The rows that may still be written: a hostile answer cannot make an endless page."""

    rows: int = MAX_ROWS

    def take(self) -> bool:
        self.rows -= 1
        return self.rows >= 0


def render(value: Any) -> SafeString:
    """Returns the whole tree inside one ``div.k-json``."""
    return format_html('<div class="k-json">{}</div>', _row("", value, 0, RowBudget(), is_last=True))


def _row(name: str, value: Any, depth: int, budget: RowBudget, *, is_last: bool) -> SafeString:
    """Returns one value with its member name, if it has one."""
    label = format_html("<b>{}</b>: ", _quoted(name)) if name else SafeString("")
    comma = "" if is_last else ","
    sentence = _hidden_sentence(value)
    if sentence is not None:
        return format_html("<div>{}{}{}</div>", label, _sentence(sentence), comma)
    if not isinstance(value, dict | list) or not value:
        return format_html("<div>{}{}{}</div>", label, _leaf(value), comma)
    if depth >= MAX_DEPTH:
        return format_html("<div>{}{}</div>", label, _sentence(_count(value)))
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return format_html(
        "<details{}><summary>{}{}<i>{}</i></summary><div>{}</div>{}{}</details>",
        mark_safe(" open") if depth < OPEN_LEVELS else "",
        label,
        opening,
        _count(value),
        _children(value, depth, budget),
        closing,
        comma,
    )


def _children(value: dict[Any, Any] | list[Any], depth: int, budget: RowBudget) -> SafeString:
    """Returns the rows of an object or array, and how many there was no room for."""
    pairs = list(value.items()) if isinstance(value, dict) else [("", item) for item in value]
    rows = []
    for position, (name, item) in enumerate(pairs, start=1):
        if not budget.take():
            left = len(pairs) - position + 1
            words = ngettext("%(count)s more not shown", "%(count)s more not shown", left) % {"count": left}
            rows.append(format_html("<div>{}</div>", _sentence(words)))
            break
        rows.append(_row(str(name), item, depth + 1, budget, is_last=position == len(pairs)))
    return format_html_join("", "{}", ((row,) for row in rows))


def _leaf(value: Any) -> SafeString:
    if not isinstance(value, str):
        return format_html("<var>{}</var>", json.dumps(value))
    left = len(value) - MAX_TEXT
    if left <= 0:
        return format_html("<q>{}</q>", _quoted(value))
    words = ngettext("%(count)s more character", "%(count)s more characters", left) % {"count": left}
    return format_html("<q>{}</q> {}", _quoted(value), _sentence(words))


def _hidden_sentence(value: Any) -> str | None:
    """Returns the sentence in place of a removed value, or None for a value that is there."""
    if isinstance(value, dict) and list(value) == [HIDDEN_KEY] and isinstance(value[HIDDEN_KEY], str):
        return str(value[HIDDEN_KEY])
    match = HIDDEN_TEXT.fullmatch(value) if isinstance(value, str) else None
    return (match[1] or gettext("hidden")) if match else None


def _count(value: dict[Any, Any] | list[Any]) -> str:
    number = {"count": len(value)}
    if isinstance(value, dict):
        return ngettext("%(count)s key", "%(count)s keys", len(value)) % number
    return ngettext("%(count)s item", "%(count)s items", len(value)) % number


def _quoted(text: str) -> str:
    """Returns text as a JSON string; invisible and direction-changing characters are escaped, so nothing hides."""
    quoted = json.dumps(text[:MAX_TEXT], ensure_ascii=False)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in quoted)


def _sentence(words: str) -> SafeString:
    return format_html("<em>{}</em>", words)
