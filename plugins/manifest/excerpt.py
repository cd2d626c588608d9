"""The lines of a manifest that need a change, each with what is wrong under it and a little of what stands around it.

Pure: no table, no request. Bounded, because the text is a stranger's: long lines are cut, long lists counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kasilabs.lib.documents.errors import DocumentError

AROUND = 2
MAX_SHOWN = 100
MOST_CHARACTERS = 240


@dataclass(frozen=True)
class Mark:
    """A fault and its place on the page."""

    number: int
    error: DocumentError


@dataclass(frozen=True)
class Line:
    """One line: `skipped` lines before it and `cut` characters at its end are not shown."""

    number: int
    text: str
    cut: int
    skipped: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Excerpt:
    """What the page says about a manifest that was not taken."""

    count: int
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    skipped: int

    @property
    def unplaced(self) -> list[Mark]:
        """Faults of the manifest as a whole, or of one that has no lines to show."""
        placed = {mark.number for line in self.lines for mark in line.marks}
        return [mark for mark in self.marks if mark.number not in placed]

    @property
    def hidden(self) -> int:
        return self.count - len(self.marks)


def around(raw: bytes, errors: Sequence[DocumentError]) -> Excerpt:
    """Return the first hundred faults with their lines (counted by line feeds)."""
    marks = tuple(Mark(number, fault) for number, fault in enumerate(errors[:MAX_SHOWN], start=1))
    texts = _lines(raw)
    shown = _shown(marks, len(texts))
    lines = tuple(
        _line(number, texts[number - 1], skipped=number - before - 1, marks=marks)
        for before, number in pairwise([0, *shown])
    )
    return Excerpt(len(errors), marks, lines, skipped=len(texts) - shown[-1] if shown else 0)


def _lines(raw: bytes) -> list[str]:
    """Return no lines for what is not text: nobody reads a picture line by line."""
    try:
        return raw.decode().split("\n")
    except UnicodeDecodeError:
        return []


def _shown(marks: Sequence[Mark], count: int) -> list[int]:
    wanted = {
        number
        for mark in marks
        if mark.error.line
        for number in range(mark.error.line - AROUND, mark.error.line + AROUND + 1)
    }
    return sorted(number for number in wanted if 1 <= number <= count)


def _line(number: int, text: str, *, skipped: int, marks: Sequence[Mark]) -> Line:
    text = text.removesuffix("\r")
    cut = max(0, len(text) - MOST_CHARACTERS)
    here = tuple(mark for mark in marks if mark.error.line == number)
    return Line(number, text[:MOST_CHARACTERS], cut, skipped, here)
