"""Requests and answers as the log may keep them: no secret, no token, no phone number, at most 8 KiB.

A removed value becomes an object with the single member `$hidden`, which the JSON tree shows as an italic sentence. It
is stored in English: it is part of the row.
"""

import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.json_html import HIDDEN_KEY
from kasilabs.lib.text.encodings import is_encoded
from kasilabs.lib.text.sensitive import Sensitive, SensitiveKind
from kasilabs.logs import secret_keys

MAX_BYTES = 8 * 1024
MAX_DEPTH = 16
MAX_NUMBER_BITS = 256
MAX_SENTENCE = 40
MAX_SHORT_TEXT = 300
SENTENCES = {SensitiveKind.SECRET: "secret hidden", SensitiveKind.PHONE: "phone number hidden"}

_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
"""PostgreSQL's jsonb takes neither NUL nor half a surrogate pair."""


@dataclass(frozen=True)
class Limits:
    """How much of each text, list or object, and how many levels, are kept."""

    text: int
    members: int
    depth: int


LIMITS = (Limits(2000, 100, MAX_DEPTH), Limits(400, 40, 10), Limits(120, 16, 6), Limits(60, 8, 3), Limits(12, 4, 2))
"""Tried in turn until the document fits; the last one always does."""


def document(value: Any, *, secrets: Collection[str], phones: Collection[str]) -> Any:
    """Returns what a log row may keep of a request or an answer. `phones` are E.164 numbers with plus."""
    sensitive = Sensitive(secrets=secrets, phones=phones)
    return _fit(_Redaction(None if _is_clean(value, sensitive) else sensitive).value(value, depth=0))


def _is_clean(value: Any, sensitive: Sensitive) -> bool:
    """Says whether the document as one text holds nothing sensitive: four times as fast as asking every value.

    True is proof, because without an escape every key, string and number is in that text as it is; False is not.
    """
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return not is_encoded(text) and not _NOT_STORABLE.search(text) and not sensitive.find(text)


def name(text: str, *, phones: Collection[str]) -> str:
    """Returns a name somebody else chose, such as that of a tool there is not, as a log row may keep it."""
    return _Redaction(Sensitive(secrets=(), phones=phones)).key(text)


def short_text(text: str, *, secrets: Collection[str], phones: Collection[str]) -> str:
    """Returns a sentence, a name or a host that somebody else wrote, as a column of a log row may keep it."""
    kept = _Redaction(Sensitive(secrets=secrets, phones=phones)).text(text)
    return _cut_text(kept if isinstance(kept, str) else f"[{kept[HIDDEN_KEY]}]", MAX_SHORT_TEXT)


def pointer(text: str, *, secrets: Collection[str], phones: Collection[str]) -> str:
    """Returns a JSON Pointer into somebody else's document as a log row may keep it: its names are their words."""
    return json_pointer.join(short_text(part, secrets=secrets, phones=phones) for part in json_pointer.split(text))


@dataclass(frozen=True)
class _Redaction:
    """One walk over a document; without `sensitive` only keys that name a secret are hidden."""

    sensitive: Sensitive | None

    def value(self, value: Any, *, depth: int) -> Any:
        if isinstance(value, dict | list | tuple):
            if depth >= MAX_DEPTH:
                return _hidden(_count(value))
            if isinstance(value, dict):
                return self._object(value, depth=depth)
            return [self.value(item, depth=depth + 1) for item in value]
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return value
        return self._number(value) if isinstance(value, int | float) else _hidden("not JSON")

    def _object(self, document: dict[Any, Any], *, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, value in document.items():
            name = _free_name(self.key(str(key)), kept)
            if secret_keys.is_secret(str(key), value):
                kept[name] = _hidden(SENTENCES[SensitiveKind.SECRET])
            else:
                kept[name] = self.value(value, depth=depth + 1)
        return kept

    def key(self, key: str) -> str:
        kind = self.sensitive.find(key) if self.sensitive else None
        return f"[{SENTENCES[kind]}]" if kind else _storable(key)

    def text(self, text: str) -> Any:
        if self.sensitive is None:
            return text
        kind = self.sensitive.find(text)
        if kind is SensitiveKind.PHONE:
            return self._without_phones(text, self.sensitive)
        return _hidden(SENTENCES[kind]) if kind else _storable(text)

    def _without_phones(self, text: str, sensitive: Sensitive) -> Any:
        """Keeps the words around a number; nothing when the number is all there is, or is hidden in an encoding."""
        marker = f"[{SENTENCES[SensitiveKind.PHONE]}]"
        rest = sensitive.without_phones(text, marker)
        return _hidden(SENTENCES[SensitiveKind.PHONE]) if rest == marker or sensitive.find(rest) else _storable(rest)

    def _number(self, number: float) -> Any:
        if isinstance(number, float) and not math.isfinite(number):
            return _hidden("not a number")
        if isinstance(number, int) and number.bit_length() > MAX_NUMBER_BITS:
            return _hidden("very large number")
        kind = self.sensitive.find(repr(number)) if self.sensitive else None
        return _hidden(SENTENCES[kind]) if kind else number


def _hidden(sentence: str) -> dict[str, str]:
    return {HIDDEN_KEY: sentence}


def _free_name(name: str, taken: dict[str, Any]) -> str:
    """Returns a key that is not taken: two keys may read the same once redacted, and thousands need no long search."""
    free, number = name, len(taken) + 1
    while free in taken:
        free, number = f"{name} [{number}]", number + 1
    return free


def _storable(text: str) -> str:
    return _NOT_STORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _count(value: Any) -> str:
    word = "key" if isinstance(value, dict) else "item"
    return f"{len(value)} {word}{'' if len(value) == 1 else 's'}"


def _fit(document: Any) -> Any:
    """Cuts a redacted document until it is at most MAX_BYTES of JSON as it is stored; what fits stays as it is."""
    fitting = document
    for limits in LIMITS:
        if len(json.dumps(fitting)) <= MAX_BYTES:
            break
        fitting = _cut(document, limits, depth=0)
    return fitting


def _cut(value: Any, limits: Limits, *, depth: int) -> Any:
    if isinstance(value, str):
        return _cut_text(value, limits.text)
    if not isinstance(value, dict | list) or _is_marker(value):
        return value
    if depth >= limits.depth:
        return _hidden(_count(value))
    left = len(value) - limits.members
    if isinstance(value, list):
        items = [_cut(item, limits, depth=depth + 1) for item in value[: limits.members]]
        return [*items, _hidden(f"{left} more items")] if left > 0 else items
    members = list(value.items())[: limits.members]
    kept = {_cut_text(key, limits.text): _cut(item, limits, depth=depth + 1) for key, item in members}
    return {**kept, "…": _hidden(f"{left} more keys")} if left > 0 else kept


def _is_marker(value: Any) -> bool:
    """Says whether `value` reads as one of our markers. A plugin may write one too; a longer one is cut as usual."""
    sentence = value.get(HIDDEN_KEY) if isinstance(value, dict) and len(value) == 1 else None
    return isinstance(sentence, str) and len(sentence) <= MAX_SENTENCE and sentence.isascii() and sentence.isprintable()


def _cut_text(text: str, limit: int) -> str:
    left = len(text) - limit
    return f"{text[:limit]}… and {left} more characters" if left > 0 else text
