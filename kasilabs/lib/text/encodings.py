"""The forms in which a text could be passed on unnoticed, and what a text says once they are undone.

All of it is linear in the length of the text, and done a bounded number of times: the text may be an attack.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

MIN_BASE64 = 6
MAX_LAYERS = 3
"""How many layers of percent-encoding, JSON escapes and HTML references are decoded before a text counts as read."""

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([/\"\\bfnrt]))")
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_IGNORABLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
"""What Unicode lets a display ignore, beside the category of format characters (Default_Ignorable_Code_Point)."""


def is_encoded(text: str) -> bool:
    """Returns whether `text` may mean something else than it spells: percent-encoding, JSON or HTML escapes."""
    return "%" in text or "\\" in text or "&" in text


def readings(text: str) -> Iterator[str]:
    """Yields the text, and what it says once each layer of escapes is decoded; each folded too where that differs."""
    yield from _with_folded(text)
    for _layer in range(MAX_LAYERS):
        decoded = html.unescape(_decode_escapes(unquote(text))) if is_encoded(text) else text
        if decoded == text:
            return
        text = decoded
        yield from _with_folded(text)


def fold(text: str) -> str:
    """Returns the text with full-width and other compatible forms as plain characters, and without what is invisible.

    Character by character (NFKD), so that accents read the same whether composed or not. Normalizing the whole text at
    once would sort runs of accents, in a time that grows with the square of their number.
    """
    if text.isascii():
        return text
    return text.translate({ord(each): _fold_character(each) for each in set(text) if not each.isascii()})


def base64_forms(raw: bytes) -> set[str]:
    """Returns, at each of three offsets, the base64 text that does not depend on what stands before and after.

    Both alphabets, without padding.
    """
    forms = set()
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + raw)
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        core = whole[first:last].decode()
        if len(core) >= MIN_BASE64:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms


def _with_folded(text: str) -> Iterator[str]:
    yield text
    folded = fold(text)
    if folded != text:
        yield folded


def _fold_character(character: str) -> str:
    if unicodedata.category(character) == "Cf" or _IGNORABLE.match(character):
        return ""
    return unicodedata.normalize("NFKD", character)


def _decode_escapes(text: str) -> str:
    """Decodes one layer of JSON escapes (RFC 8259, section 7), wherever they stand; surrogate pairs become one."""
    text = _ESCAPE.sub(
        lambda match: chr(int(match[1], 16)) if match[1] else _SHORT_ESCAPES.get(match[2], match[2]), text
    )
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
