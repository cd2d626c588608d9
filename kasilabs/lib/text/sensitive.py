"""Finds secrets, tokens and known phone numbers in text, in every form in which they could leak.

A secret counts also full-width, with invisible characters inside, percent-encoded, in JSON or HTML escapes, reversed,
in hexadecimal digits, and in base64, once or twice; a phone number with its separators removed, as E.164 digits or as
the national number with or without its leading zero, from nine digits on.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from enum import StrEnum
from functools import cached_property

from kasilabs.lib.text import encodings, formatting

MIN_PHONE_DIGITS = 9
MIN_LENGTH = 8
"""No phone number, no token and no encoded secret has fewer characters."""

# A JSON Web Token (its header begins {"), a key of ours, or a bearer token. Each word is read once, from its beginning
# and without going back: with backtracking, a text of "eyJ" alone would take seconds.
_TOKEN = re.compile(
    r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{6,}+\.[\w-]{4}"
    r"|kla_\w{8}|(?:plsec|brsec)_\w{8}"
    r"|\b[Bb]earer\s+[\w.~+/-]{8}"
)
_INTERNATIONAL_NUMBER = re.compile(r"[+＋]\s*[1-9](?:[\s().\-/‐-―]*\d){7,14}")
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
        known = {secret for secret in secrets if secret}
        self._secrets = tuple(map(_Secret, known))
        self._plain = tuple({form for secret in self._secrets for form in secret.plain})
        self._min_length = min([MIN_LENGTH, *map(len, known)])
        self._phones = tuple(form for phone in phones if phone for form in _phone_forms(phone))

    def find(self, text: str) -> SensitiveKind | None:
        """Returns what `text` gives away, or None."""
        if len(text) < self._min_length and text.isascii():
            return None
        readings = list(encodings.readings(text))
        if any(self._has_secret(reading) for reading in readings):
            return SensitiveKind.SECRET
        if any(self._has_phone(reading) for reading in readings):
            return SensitiveKind.PHONE
        return None

    def without_phones(self, text: str, marker: str) -> str:
        """Returns `text` with every phone number that `find` would find as it is replaced by `marker`."""
        if not self._only_known:
            text = _INTERNATIONAL_NUMBER.sub(marker, text)
        for phone in self._phones:
            text = _replace_digits(text, phone, marker)
        return text

    def _has_secret(self, text: str) -> bool:
        if _contains(text, self._plain) or (not self._only_known and _TOKEN.search(text)):
            return True
        fitting = [secret for secret in self._secrets if len(secret.text) <= len(text)]
        if not fitting:
            return False
        unbroken = "".join(text.split())
        digits = unbroken.lower().translate(_ASCII_SEPARATORS)
        # Bytes are written as 73, \x73 or 0x73.
        bytes_in_hex = digits + "\n" + digits.replace("0x", "").replace("x", "")
        return any(
            secret.hexadecimal in bytes_in_hex
            or _contains(unbroken, secret.base64)
            or (secret.min_twice_base64 <= len(unbroken) and _contains(unbroken, secret.twice_base64))
            for secret in fitting
        )

    def _has_phone(self, text: str) -> bool:
        if not self._only_known and ("+" in text or "＋" in text) and _INTERNATIONAL_NUMBER.search(text):
            return True
        if not self._phones:
            return False
        compact = _compact(text)
        return any(phone in compact for phone in self._phones)


class _Secret:
    """A secret and the forms it could take. Most texts are too short for the encoded ones, so these come when asked."""

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def plain(self) -> set[str]:
        # In a query string a plus sign stands for a space.
        forms = {self.text, self.text[::-1], self.text.replace(" ", "+")}
        folded = encodings.fold(self.text)
        return forms | {folded, folded[::-1]} if len(folded) >= MIN_LENGTH else forms

    @cached_property
    def _raw(self) -> bytes:
        return self.text.encode(errors="surrogatepass")

    @cached_property
    def hexadecimal(self) -> str:
        return self._raw.hex()

    @cached_property
    def base64(self) -> set[str]:
        return encodings.base64_forms(self._raw)

    @property
    def min_twice_base64(self) -> int:
        """No form in base64 twice is shorter: each time 4/3, without up to two characters that depend on neighbours."""
        return len(self.text) * 16 // 9 - 5

    @cached_property
    def twice_base64(self) -> set[str]:
        return {twice for once in self.base64 for twice in encodings.base64_forms(once.encode())}


def _contains(text: str, forms: Collection[str]) -> bool:
    # A loop costs half of what `any` does, and this is run for every text of every answer.
    for form in forms:  # noqa: SIM110
        if form in text:
            return True
    return False


def _phone_forms(phone: str) -> Iterator[str]:
    """Yields the digit strings that give a number away, longest first; none where there is no digit."""
    match = formatting.COUNTRY_CODE.fullmatch(phone)
    digits = re.sub(r"\D", "", phone)
    if not digits:
        return
    # Without a country code, a number may be written with its leading zero.
    national = match[2] if match and not digits.startswith("0") else digits.lstrip("0")
    for form in (digits, "0" + national, national):
        if form == digits or len(form) >= MIN_PHONE_DIGITS:
            yield form


def _compact(text: str) -> str:
    """Returns the letters and digits of a text; digits of any script become ASCII digits."""
    if text.isascii():
        return text.translate(_ASCII_SEPARATORS)
    return text.translate({ord(each): _compact_character(each) for each in set(text)})


def _compact_character(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    return "".join(str(unicodedata.decimal(each, each)) for each in plain if each.isalnum())


def _replace_digits(text: str, digits: str, marker: str) -> str:
    """Returns `text` with each run of `digits`, whatever separates them, replaced by `marker`."""
    characters = [
        (position, plain) for position, character in enumerate(text) for plain in _compact_character(character)
    ]
    compact = "".join(plain for _position, plain in characters)
    kept, end, start = [], 0, compact.find(digits)
    while start >= 0:
        first, last = characters[start][0], characters[start + len(digits) - 1][0]
        kept += [text[end:first].rstrip("+＋"), marker]
        end, start = last + 1, compact.find(digits, start + len(digits))
    return "".join([*kept, text[end:]])
