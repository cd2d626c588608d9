"""JSON as our doors read it: one object, UTF-8, and nothing two readers could understand differently.

Python's parser lets the last of two equal names win and reads NaN; a plugin in another language may not. What differs
between readers is refused here (RFC 8259 sections 4, 6 and 8; RFC 7493), before any schema sees it.
"""

import json
import math
from collections.abc import Callable
from itertools import chain, islice
from typing import Any, NoReturn

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer, positions

MAX_DEPTH = 32
"""Nested objects and arrays, the outermost included."""

SAFE_INTEGER = 2**53 - 1
"""Beyond it two readers may disagree about an integer (RFC 7493, section 2.2; RFC 8785, section 3.2.2.3)."""

_DOUBLE_DIGITS = 308
"""An integer with more digits may be infinite as a double, as 1e309 is."""

_MAX_DUPLICATES = 100


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
    """Returns the object in `raw`. Raises NotJson.

    With `on_duplicate` a repeated member name does not raise: the last value stands, and `on_duplicate` is called with
    pointer and line of each repetition (the first hundred), so that a caller can list it among other errors.
    """
    text = _decode(raw)
    document, has_duplicates = _parse(text, max_depth)
    if not isinstance(document, dict):
        raise NotJson("not_json", _("This must be one JSON object."), line=1)
    if raw.count(b"{") + raw.count(b"[") > max_depth:
        _check_depth(document, text, max_depth)
    if b"\\u" in raw:
        _check_surrogates(document)
    if has_duplicates:
        duplicates = (position for position in positions.scan(text) if position.is_duplicate)
        for position in islice(duplicates, _MAX_DUPLICATES):
            report = on_duplicate or _refuse_duplicate
            report(json_pointer.join(position.path), positions.line_at(text, position.offset))
    return document


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise NotJson("not_json", _("This is not UTF-8 text."), line=line) from None
    if text.startswith("\ufeff"):
        raise NotJson("not_json", _("Leave out the byte order mark at the start."), line=1)
    return text


def _parse(text: str, max_depth: int) -> tuple[Any, bool]:
    """Returns the document, and whether a member name is repeated in any of its objects."""
    has_duplicates = False

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal has_duplicates
        members = dict(pairs)
        if len(members) != len(pairs):
            has_duplicates = True
        return members

    try:
        document = json.loads(
            text,
            object_pairs_hook=make_object,
            parse_constant=_refuse_constant,
            parse_float=_parse_float,
            parse_int=_parse_int,
        )
    except json.JSONDecodeError as error:
        raise NotJson("not_json", _("This is not valid JSON."), line=error.lineno) from None
    except RecursionError:
        raise _too_deep(text, max_depth) from None
    return document, has_duplicates


def _refuse_constant(_literal: str) -> NoReturn:
    raise NotJson("not_json", _("NaN and Infinity are not JSON numbers."))


def _parse_float(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise NotJson("not_json", _("A number is too large."))
    return number


def _parse_int(literal: str) -> int:
    if len(literal) > _DOUBLE_DIGITS:
        raise NotJson("not_json", _("A number is too large."))
    return int(literal)


def _refuse_duplicate(pointer: str, line: int) -> NoReturn:
    raise NotJson("duplicate_key", _("This name stands twice in the same object."), pointer=pointer, line=line)


def _check_depth(document: dict[str, Any], text: str, max_depth: int) -> None:
    level: list[Any] = [document]
    for _depth in range(max_depth):
        children = chain.from_iterable(node.values() if isinstance(node, dict) else node for node in level)
        # A tuple: `dict | list` would be built anew for every value.
        level = [child for child in children if isinstance(child, (dict, list))]
        if not level:
            return
    raise _too_deep(text, max_depth)


def _too_deep(text: str, max_depth: int) -> NotJson:
    """Returns the error for the first value that is nested too deep."""
    position = next(found for found in positions.scan(text) if found.is_container and len(found.path) == max_depth)
    detail = _("This is nested more than %(limit)d levels deep.") % {"limit": max_depth}
    line = positions.line_at(text, position.offset)
    return NotJson("too_deep", detail, pointer=json_pointer.join(position.path), line=line)


def _check_surrogates(document: dict[str, Any]) -> None:
    """Refuses half a surrogate pair (RFC 8259, section 8.2): it is no character, and no database stores it."""
    try:
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise NotJson("not_json", _("A \\u escape is half of a surrogate pair.")) from None
