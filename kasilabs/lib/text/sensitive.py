"""Finds secrets, tokens and known phone numbers in text, in every form in which they could leak.

A secret counts also in base64 and percent-encoded, a phone number with its separators removed, as E.164 digits or as
the national number with or without its leading zero, from nine digits on.
"""

import base64
import re
import unicodedata
from collections.abc import Collection, Iterator
from enum import StrEnum
from urllib.parse import unquote

from kasilabs.lib.text import formatting

MIN_PHONE_DIGITS = 9
MIN_BASE64 = 6
MIN_LENGTH = 8
"""No phone number, no token and no encoded secret has fewer characters."""
MAX_LAYERS = 3
"""How many layers of percent-encoding and JSON escapes are decoded before a text counts as read."""

# A JSON Web Token (its header begins {"), a key of ours, or a bearer token. Each word is read once, from its beginning
# and without going back: with backtracking, a text of "eyJ" alone would take seconds.
_TOKEN = re.compile(
    r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{6,}+\.[\w-]{4}"
    r"|kla_\w{8}|(?:plsec|brsec)_\w{8}"
    r"|\b[Bb]earer\s+[\w.~+/-]{8}"
)
_INTERNATIONAL_NUMBER = re.compile(r"[+＋]\s*[1-9](?:[\s().\-/‐-―]*\d){7,14}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([/\"\\bfnrt]))")
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_ASCII_SEPARATORS = {code: None for code in range(128) if not chr(code).isalnum()}


class SensitiveKind(StrEnum):
    """What was found. A text with both counts as one with a secret."""

    SECRET = "secret"
    PHONE = "phone"


class Sensitive:
    """What must not be told: some secrets and some phone numbers (E.164, with plus).

    Unless `only_known`, also whatever looks like a token or an international phone number: a log keeps neither, while
    an answer may well name the number of a shop.
    """

    def __init__(self, *, secrets: Collection[str], phones: Collection[str], only_known: bool = False) -> None:
        self._only_known = only_known
        self._known = known = {secret for secret in secrets if secret}
        self._encoded: dict[str, tuple[str, ...]] = {}
        # In a query string a plus sign stands for a space.
        self._plain = tuple(known | {secret.replace(" ", "+") for secret in known})
        self._min_length = min([MIN_LENGTH, *map(len, known)])
        self._phones = tuple(form for phone in phones if phone for form in _phone_forms(phone))

    def find(self, text: str) -> SensitiveKind | None:
        """Returns what `text` gives away, or None."""
        if len(text) < self._min_length and text.isascii():
            return None
        readings = list(_readings(text)) if is_encoded(text) else [text]
        if any(self._has_secret(reading) for reading in readings):
            return SensitiveKind.SECRET
        if any(self._has_phone(reading) for reading in readings):
            return SensitiveKind.PHONE
        return None

    def without_phones(self, text: str, marker: str) -> str:
        """Returns `text` with every phone number replaced by `marker`."""
        text = _INTERNATIONAL_NUMBER.sub(marker, text)
        for phone in self._phones:
            text = _replace_digits(text, phone, marker)
        return text

    def _has_secret(self, text: str) -> bool:
        if any(secret in text for secret in self._plain) or (not self._only_known and _TOKEN.search(text)):
            return True
        fitting = [secret for secret in self._known if len(secret) <= len(text)]
        if not fitting:
            return False
        unbroken = "".join(text.split())
        return any(form in unbroken for secret in fitting for form in self._base64_forms(secret))

    def _has_phone(self, text: str) -> bool:
        if not self._only_known and ("+" in text or "＋" in text) and _INTERNATIONAL_NUMBER.search(text):
            return True
        if not self._phones:
            return False
        compact = _compact(text)
        return any(phone in compact for phone in self._phones)

    def _base64_forms(self, secret: str) -> tuple[str, ...]:
        """Returns a secret in base64, computed once a text is long enough for it: most texts are not."""
        if secret not in self._encoded:
            self._encoded[secret] = tuple(_base64_forms(secret))
        return self._encoded[secret]


def is_encoded(text: str) -> bool:
    """Returns whether `text` may mean something else than it spells: percent-encoding or JSON escapes."""
    return "%" in text or "\\" in text


def _readings(text: str) -> Iterator[str]:
    """Yields the text, and what it says once each layer of percent-encoding and JSON escapes is decoded."""
    yield text
    for _layer in range(MAX_LAYERS):
        if not is_encoded(text):
            return
        text = _decode_escapes(unquote(text))
        yield text


def _decode_escapes(text: str) -> str:
    """Decodes one layer of JSON escapes (RFC 8259, section 7), wherever they stand; surrogate pairs become one."""
    text = _ESCAPE.sub(
        lambda match: chr(int(match[1], 16)) if match[1] else _SHORT_ESCAPES.get(match[2], match[2]), text
    )
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _base64_forms(secret: str) -> Iterator[str]:
    """Yields, at each of three offsets, the base64 text that does not depend on what stands before and after."""
    raw = secret.encode(errors="surrogatepass")
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + raw)
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        core = whole[first:last].decode()
        if len(core) >= MIN_BASE64:
            yield from {core, core.replace("+", "-").replace("/", "_")}


def _phone_forms(phone: str) -> Iterator[str]:
    """Yields the digit strings that give a number away, longest first; none where there is no digit."""
    match = formatting.COUNTRY_CODE.fullmatch(phone)
    digits = re.sub(r"\D", "", phone)
    if not digits:
        return
    national = match[2] if match else digits
    for form in (digits, "0" + national, national):
        if form == digits or len(form) >= MIN_PHONE_DIGITS:
            yield form


def _compact(text: str) -> str:
    """Returns the letters and digits of a text; digits of any script become ASCII digits."""
    if text.isascii():
        return text.translate(_ASCII_SEPARATORS)
    return "".join(plain for _position, plain in _compact_characters(text))


def _compact_characters(text: str) -> Iterator[tuple[int, str]]:
    """Yields each letter and digit with its position in `text`."""
    for position, character in enumerate(text):
        for plain in unicodedata.normalize("NFKC", character):
            digit = unicodedata.decimal(plain, None)
            if digit is not None:
                yield position, str(digit)
            elif plain.isalnum():
                yield position, plain


def _replace_digits(text: str, digits: str, marker: str) -> str:
    """Returns `text` with each run of `digits`, whatever separates them, replaced by `marker`."""
    characters = list(_compact_characters(text))
    compact = "".join(plain for _position, plain in characters)
    kept, end, start = [], 0, compact.find(digits)
    while start >= 0:
        first, last = characters[start][0], characters[start + len(digits) - 1][0]
        kept += [text[end:first], marker]
        end, start = last + 1, compact.find(digits, start + len(digits))
    return "".join([*kept, text[end:]])
