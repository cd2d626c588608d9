"""Find secrets, tokens and one customer's phone number in text, in every form in which they could leak.

The rule is that of contracts, section 2: a secret also base64 and percent-encoded, a phone number with its separators
removed, as E.164 digits or as the national number with or without its leading zero, from nine digits on.
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
SHORTEST = 8
"""No phone number, no token and no encoded secret has fewer characters."""
ROUNDS = 3
"""How many layers of percent-encoding and JSON escapes are taken off before a text counts as read."""

_TOKEN = re.compile(
    r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{6,}+\.[\w-]{4}"  # any JSON Web Token: its header begins {"
    r"|kla_\w{8}|(?:plsec|brsec)_\w{8}"
    r"|\b[Bb]earer\s+[\w.~+/-]{8}"
)
"""Each word is read once, from its beginning and without going back: a text of "eyJ" alone would take seconds."""

_NUMBER = re.compile(r"[+＋]\s*[1-9](?:[\s().\-/‐-―]*\d){7,14}")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([/\"\\bfnrt]))")
_SHORT_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_SEPARATORS = {code: None for code in range(128) if not chr(code).isalnum()}


class SensitiveKind(StrEnum):
    """What was found."""

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
        self._plain = tuple(known | {secret.replace(" ", "+") for secret in known})
        self._shortest = min([SHORTEST, *map(len, known)])
        self._phones = tuple(form for phone in phones if phone for form in _phone_forms(phone))

    def find(self, text: str) -> SensitiveKind | None:
        """Return what `text` gives away, or None."""
        if len(text) < self._shortest and text.isascii():
            return None
        found = {self._find(view) for view in _views(text)} if is_encoded(text) else {self._find(text)}
        return next((kind for kind in SensitiveKind if kind in found), None)

    def without_phones(self, text: str, marker: str) -> str:
        """Return `text` with every phone number replaced by `marker`."""
        text = _NUMBER.sub(marker, text)
        for phone in self._phones:
            text = _replace_digits(text, phone, marker)
        return text

    def _find(self, text: str) -> SensitiveKind | None:
        if self._has_secret(text):
            return SensitiveKind.SECRET
        return SensitiveKind.PHONE if self._has_phone(text) else None

    def _has_phone(self, text: str) -> bool:
        if not self._only_known and ("+" in text or "＋" in text) and _NUMBER.search(text):
            return True
        if not self._phones:
            return False
        compact = _compact(text)
        return any(phone in compact for phone in self._phones)

    def _has_secret(self, text: str) -> bool:
        if any(secret in text for secret in self._plain) or (not self._only_known and _TOKEN.search(text)):
            return True
        fitting = [secret for secret in self._known if len(secret) <= len(text)]
        if not fitting:
            return False
        unbroken = "".join(text.split())
        return any(form in unbroken for secret in fitting for form in self._forms(secret))

    def _forms(self, secret: str) -> tuple[str, ...]:
        """Return a secret in base64, made once a text is long enough for it: most texts are not."""
        if secret not in self._encoded:
            self._encoded[secret] = tuple(_base64_forms(secret))
        return self._encoded[secret]


def is_encoded(text: str) -> bool:
    """Say whether `text` may mean something else than it spells: percent-encoding or JSON escapes."""
    return "%" in text or "\\" in text


def _views(text: str) -> Iterator[str]:
    """Yield the text, and what it says once percent-encoding and JSON escapes are taken off."""
    yield text
    for _ in range(ROUNDS):
        if not is_encoded(text):
            return
        text = _unescape(unquote(text))
        yield text


def _unescape(text: str) -> str:
    """Take off one layer of JSON escapes (RFC 8259, section 7), wherever they stand; pairs of surrogates become one."""
    text = _ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _SHORT_ESCAPES.get(found[2], found[2]), text
    )
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _base64_forms(secret: str) -> Iterator[str]:
    """Yield the part of the base64 text that does not depend on what stands before and after, at three offsets."""
    raw = secret.encode(errors="surrogatepass")
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + raw)
        first = -(-offset * 8 // 6)
        last = (offset + len(raw)) * 8 // 6
        core = whole[first:last].decode()
        if len(core) >= MIN_BASE64:
            yield from {core, core.replace("+", "-").replace("/", "_")}


def _phone_forms(phone: str) -> Iterator[str]:
    """Yield the digit strings that give a number away, longest first."""
    found = formatting.COUNTRY_CODE.fullmatch(phone)
    digits = re.sub(r"\D", "", phone)
    national = found[2] if found else digits
    for form in (digits, "0" + national, national):
        if form == digits or len(form) >= MIN_PHONE_DIGITS:
            yield form


def _compact(text: str) -> str:
    """Return letters and digits alone; digits of any script become ASCII ones."""
    if text.isascii():
        return text.translate(_SEPARATORS)
    return "".join(plain for _, plain in _characters(text))


def _characters(text: str) -> Iterator[tuple[int, str]]:
    for position, char in enumerate(text):
        for plain in unicodedata.normalize("NFKC", char):
            digit = unicodedata.decimal(plain, None)
            if digit is not None:
                yield position, str(digit)
            elif plain.isalnum():
                yield position, plain


def _replace_digits(text: str, digits: str, marker: str) -> str:
    characters = list(_characters(text))
    compact = "".join(plain for _, plain in characters)
    kept, end, start = [], 0, compact.find(digits)
    while start >= 0:
        first, last = characters[start][0], characters[start + len(digits) - 1][0]
        kept += [text[end:first], marker]
        end, start = last + 1, compact.find(digits, start + len(digits))
    return "".join([*kept, text[end:]])
