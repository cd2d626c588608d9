"""Names of tools as agents can call them: lower-case words joined by single underscores."""

import re
import unicodedata
from collections.abc import Collection
from itertools import count

_FIRST_WORD = "tool"
"""Stands before a name that begins with a digit, is one letter, or has no letter that can be written in ASCII."""


def snake_case(name: str) -> str:
    """Returns the words of a name in lower case, joined by underscores: `API-postSearch` is `api_post_search`."""
    text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    text = re.sub(r"([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\3_\2", text)
    words = re.findall("[a-z0-9]+", text.lower())
    is_whole = len("_".join(words)) > 1 and not words[0][0].isdigit()
    return "_".join(words if is_whole else [_FIRST_WORD, *words])


def suggest(name: str, *, room: int, taken: Collection[str]) -> str:
    """Returns a name close to this one that has at most `room` characters and is not taken."""
    words = snake_case(name)
    for number in count(1):
        ending = f"_{number}" if number > 1 else ""
        suggested = _cut(words, room - len(ending)) + ending
        if suggested not in taken:
            return suggested
    raise AssertionError("there is always another number")


def _cut(words: str, room: int) -> str:
    """Returns as many of the words as there is room for; of a first one that is too long, its beginning."""
    if len(words) <= room:
        return words
    return words[: room + 1].rpartition("_")[0] or words[:room]
