"""Untrusted JSON as nested ``<details>``: every byte escaped, depth and size bounded.

A value that was taken out before storing is written as a sentence and not as data. Two forms are known: an object with
the single member ``$hidden`` whose value is the sentence, and a string ``[hidden]`` or ``[hidden: sentence]``.
"""

import json
import re
from dataclasses import dataclass, field
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
class Budget:
    """Rows that may still be written; a hostile answer cannot make a page without end."""

    rows: int = field(default=MAX_ROWS)

    def take(self) -> bool:
        self.rows -= 1
        return self.rows >= 0


def render(value: Any) -> SafeString:
    """Return the whole tree inside one ``div.k-json``."""
    return format_html('<div class="k-json">{}</div>', _row("", value, 0, Budget(), last=True))


def _row(key: str, value: Any, depth: int, budget: Budget, *, last: bool) -> SafeString:
    comma = "" if last else ","
    sentence = _hidden(value)
    if sentence is None and isinstance(value, dict | list) and value:
        return _branch(key, value, depth, budget, comma)
    shown = _sentence(sentence) if sentence is not None else _leaf(value)
    return format_html("<div>{}{}{}</div>", _label(key), shown, comma)


def _branch(key: str, value: dict[Any, Any] | list[Any], depth: int, budget: Budget, comma: str) -> SafeString:
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    if depth >= MAX_DEPTH:
        return format_html("<div>{}{}</div>", _label(key), _sentence(_count(value)))
    return format_html(
        "<details{}><summary>{}{}<i>{}</i></summary><div>{}</div>{}{}</details>",
        mark_safe(" open") if depth < OPEN_LEVELS else "",
        _label(key),
        opening,
        _count(value),
        _members(value, depth, budget),
        closing,
        comma,
    )


def _members(value: dict[Any, Any] | list[Any], depth: int, budget: Budget) -> SafeString:
    pairs = list(value.items()) if isinstance(value, dict) else [("", item) for item in value]
    rows = []
    for position, (key, item) in enumerate(pairs, start=1):
        if not budget.take():
            rows.append(_not_shown(len(pairs) - position + 1))
            break
        rows.append(_row(str(key), item, depth + 1, budget, last=position == len(pairs)))
    return format_html_join("", "{}", ((row,) for row in rows))


def _not_shown(count: int) -> SafeString:
    words = ngettext("%(count)s more not shown", "%(count)s more not shown", count) % {"count": count}
    return format_html("<div>{}</div>", _sentence(words))


def _count(value: dict[Any, Any] | list[Any]) -> str:
    number = {"count": len(value)}
    if isinstance(value, dict):
        return ngettext("%(count)s key", "%(count)s keys", len(value)) % number
    return ngettext("%(count)s item", "%(count)s items", len(value)) % number


def _hidden(value: Any) -> str | None:
    """Return the sentence that stands for a removed value, or None when the value is there."""
    if isinstance(value, dict) and list(value) == [HIDDEN_KEY] and isinstance(value[HIDDEN_KEY], str):
        return str(value[HIDDEN_KEY])
    found = HIDDEN_TEXT.fullmatch(value) if isinstance(value, str) else None
    return (found[1] or gettext("hidden")) if found else None


def _label(key: str) -> SafeString:
    return format_html("<b>{}</b>: ", _quoted(key)) if key else SafeString("")


def _leaf(value: Any) -> SafeString:
    if isinstance(value, str):
        return format_html("<q>{}</q>{}", _quoted(value), _rest(value))
    return format_html("<var>{}</var>", json.dumps(value))


def _quoted(text: str) -> str:
    """Quote as JSON; invisible and direction-changing characters become escapes, so that nothing hides or reorders."""
    quoted = json.dumps(text[:MAX_TEXT], ensure_ascii=False)
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in quoted)


def _rest(text: str) -> SafeString:
    left = len(text) - MAX_TEXT
    if left <= 0:
        return SafeString("")
    words = ngettext("%(count)s more character", "%(count)s more characters", left) % {"count": left}
    return format_html(" {}", _sentence(words))


def _sentence(words: str) -> SafeString:
    return format_html("<em>{}</em>", words)
