"""Characters a reader does not see, or that reorder what they see, written out: text of strangers cannot hide anything.

Unicode categories: controls, formats (zero-width and direction marks, tags), private use, unassigned, odd line ends.
"""

import unicodedata
from itertools import groupby

from django.core.exceptions import ValidationError
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

LAYOUT = "\n\t"


def is_invisible(character: str) -> bool:
    return not (character.isprintable() or character in LAYOUT or unicodedata.category(character) == "Zs")


def highlight(text: str) -> SafeString:
    """Escape `text` for HTML, each unseen character as a box with its number and name."""
    if text.isprintable():
        return escape(text)
    runs = ("".join(run) for __, run in groupby(text, is_invisible))
    return format_html_join("", "{}", ((_boxes(run) if is_invisible(run[0]) else run,) for run in runs))


def validate_visible(name: str) -> None:
    """Take no name that reads like another one; names have no lines either. Raises ValidationError."""
    found = [character for character in name if is_invisible(character) or character in LAYOUT]
    if found:
        words = _("Leave out what cannot be seen: %(characters)s.")
        raise ValidationError(words, "unseen", {"characters": ", ".join(map(_said, dict.fromkeys(found)))})


def _boxes(run: str) -> SafeString:
    return format_html_join("", "{}", ((_box(character),) for character in run))


def _box(character: str) -> SafeString:
    return format_html('<span class="k-inv">{}</span>', _said(character))


def _said(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character, '').lower()}".strip()
