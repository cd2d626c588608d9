"""Invisible characters, and those that reorder text: they are shown, so that a stranger's text cannot hide anything.

They are the Unicode categories of controls, formats (zero-width and direction marks, tags), private use, unassigned
and unusual line ends.
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
    """Returns `text` escaped for HTML, each invisible character as a box with its number and name."""
    if text.isprintable():
        return escape(text)
    pieces = []
    for invisible, run in groupby(text, is_invisible):
        if invisible:
            pieces += [format_html('<span class="k-inv">{}</span>', describe(character)) for character in run]
        else:
            pieces.append(escape("".join(run)))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


def validate_visible(name: str) -> None:
    """A Django validator for names: raises ValidationError for invisible characters and for line breaks and tabs."""
    found = [character for character in name if is_invisible(character) or character in LAYOUT]
    if found:
        message = _("Leave out what cannot be seen: %(characters)s.")
        described = ", ".join(map(describe, dict.fromkeys(found)))
        raise ValidationError(message, "unseen", {"characters": described})


def describe(character: str) -> str:
    """Returns number and name of a character, such as "U+00AD soft hyphen"."""
    return f"U+{ord(character):04X} {unicodedata.name(character, '').lower()}".strip()
