"""JSON as our doors read it: one object, UTF-8, and nothing two readers could understand differently.

Python's parser lets the last of two equal names win and reads NaN; a plugin in another language may not. What differs
between readers is refused here (RFC 8259 sections 4, 6 and 8; RFC 7493), before any schema sees it.
"""

import json
import math
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from kasilabs.lib.documents.positions import Spot, line_at, pointer, spots

MAX_DEPTH = 32
"""Nested objects and arrays, the outermost included."""

SAFE_INTEGER = 2**53 - 1
"""Beyond it two readers may disagree about an integer (RFC 7493, section 2.2; RFC 8785, section 3.2.2.3)."""

_DOUBLE_DIGITS = 308
"""An integer with more digits may be infinite as a double, as 1e309 is."""

_REPEATED_AT_MOST = 100


class NotJson(Exception):
    """The bytes are not one JSON object that every reader understands alike.

    `code` is `not_json`, `duplicate_key` or `too_deep`; `line` is 1-based, None where no line can be named.
    """

    def __init__(self, code: str, detail: str, *, pointer: str = "", line: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.line = line


def loads(
    raw: bytes, *, max_depth: int = MAX_DEPTH, on_duplicate: Callable[[str, int], None] | None = None
) -> dict[str, Any]:
    """The object in `raw`, or NotJson.

    With `on_duplicate`, repeated names do not raise: it is told pointer and line of each (the first hundred) and the
    last value stands, so that a caller who lists every fault can go on.
    """
    text = _text(raw)
    document, has_repeated = _parsed(text, max_depth)
    if not isinstance(document, dict):
        raise NotJson("not_json", _("This must be one JSON object."), line=1)
    if raw.count(b"{") + raw.count(b"[") > max_depth:
        _check_depth(document, text, max_depth)
    if b"\\u" in raw:
        _check_surrogates(document)
    if has_repeated:
        _report_repeated(text, on_duplicate or _refuse_repeated)
    return document


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotJson("not_json", _("This is not UTF-8 text."), line=line) from None
    if text.startswith("\ufeff"):
        raise NotJson("not_json", _("Leave out the byte order mark at the start."), line=1)
    return text


def _parsed(text: str, max_depth: int) -> tuple[Any, bool]:
    repeated: list[bool] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            repeated.append(True)
        return found

    try:
        document = json.loads(
            text, object_pairs_hook=members, parse_constant=_no_number, parse_float=_float, parse_int=_int
        )
    except json.JSONDecodeError as error:
        raise NotJson("not_json", _("This is not valid JSON."), line=error.lineno) from None
    except RecursionError:
        raise _too_deep(text, max_depth) from None
    return document, bool(repeated)


def _no_number(_literal: str) -> NoReturn:
    raise NotJson("not_json", _("NaN and Infinity are not JSON numbers."))


def _float(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise NotJson("not_json", _("A number is too large."))
    return number


def _int(literal: str) -> int:
    if len(literal) > _DOUBLE_DIGITS:
        raise NotJson("not_json", _("A number is too large."))
    return int(literal)


def _check_depth(document: Any, text: str, max_depth: int) -> None:
    level = [document]
    for _depth in range(max_depth):
        level = [child for node in level for child in _children(node) if isinstance(child, (dict, list))]
        if not level:
            return
    raise _too_deep(text, max_depth)


def _children(node: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return node.values() if isinstance(node, dict) else node


def _too_deep(text: str, max_depth: int) -> NotJson:
    spot = next(spot for spot in spots(text) if spot.is_container and len(spot.path) == max_depth)
    detail = _("This is nested more than %(limit)d levels deep.") % {"limit": max_depth}
    return NotJson("too_deep", detail, pointer=pointer(spot.path), line=line_at(text, spot.offset))


def _check_surrogates(document: Any) -> None:
    """RFC 8259 section 8.2: half a surrogate pair is no character, and no database would store it."""
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise NotJson("not_json", _("A \\u escape is half of a surrogate pair.")) from None


def _report_repeated(text: str, report: Callable[[str, int], None]) -> None:
    repeated: list[Spot] = []
    for spot in spots(text):
        if spot.is_repeated and len(repeated) < _REPEATED_AT_MOST:
            repeated.append(spot)
    for spot in repeated:
        report(pointer(spot.path), line_at(text, spot.offset))


def _refuse_repeated(at: str, line: int) -> NoReturn:
    raise NotJson("duplicate_key", _("This name stands twice in the same object."), pointer=at, line=line)
