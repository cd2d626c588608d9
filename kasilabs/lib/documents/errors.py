"""What is wrong with a document: every error at once, each with its place, code, sentence and line."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from kasilabs.lib.documents import positions

FAULTS_AT_MOST = 500
CODES = {
    "required": "required",
    "unknown_key": "unknown_key",
    "type": "wrong_type",
    "uniqueItems": "duplicate",
    **dict.fromkeys(("minLength", "minItems", "minProperties"), "too_short"),
    **dict.fromkeys(("maxLength", "maxItems", "maxProperties"), "too_long"),
}
"""What the keywords of JSON Schema are called among the codes of contracts, section 1."""


@dataclass(frozen=True)
class Fault:
    """One fault. `code` is one of contracts, section 1; `line` is 1-based, where the value or its name begins."""

    pointer: str
    code: str
    message: str
    hint: str | None = None
    line: int | None = None


class Enough(Exception):
    """FAULTS_AT_MOST were found; a hostile manifest could hold a hundred thousand, each with a hint to look for."""


class Faults:
    """Collects faults; one (pointer, code) counts once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Fault] = {}
        self._touched: set[str] = set()

    def add(self, pointer: str, code: str, message: str, hint: str | None = None) -> None:
        """Add one fault; raises Enough with the last one there is room for."""
        self._found.setdefault((pointer, code), Fault(pointer, code, message, hint))
        if len(self._found) >= FAULTS_AT_MOST:
            raise Enough
        while pointer not in self._touched:
            self._touched.add(pointer)
            pointer = pointer.rpartition("/")[0]

    def is_sound(self, pointer: str) -> bool:
        """Say whether nothing at or below `pointer` is at fault: only then is a deeper look worth its while."""
        return pointer not in self._touched

    def __bool__(self) -> bool:
        return bool(self._found)

    def in_order_of(self, text: str) -> tuple[Fault, ...]:
        """All faults with their lines, in the order of the text they were found in."""
        offsets = {spot.path: spot.offset for spot in positions.spots(text)}
        placed = sorted(((_offset(offsets, fault.pointer), fault) for fault in self._found.values()), key=_place)
        return tuple(replace(fault, line=positions.line_at(text, offset)) for offset, fault in placed)


def _place(placed: tuple[int, Fault]) -> tuple[int, str, str]:
    offset, fault = placed
    return offset, fault.pointer, fault.code


def _offset(offsets: dict[tuple[str, ...], int], pointer: str) -> int:
    """The offset of a value; of what holds it where the value itself is missing."""
    return next(offsets[path] for path in _ancestors(positions.path_of(pointer)) if path in offsets)


def _ancestors(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for length in range(len(path), -1, -1):
        yield path[:length]
