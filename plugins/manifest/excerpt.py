"""The lines of a manifest that need a change: under each what is wrong, around it a little of the text.

The text is a stranger's, so the excerpt is bounded: long lines are cut, long lists counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kasilabs.lib.documents.errors import DocumentError

LINES_AROUND = 2
MAX_LINE_LENGTH = 240


@dataclass(frozen=True)
class Mark:
    """An error and its number on the page."""

    number: int
    error: DocumentError


@dataclass(frozen=True)
class Line:
    """One line. `skipped` lines before it and `cut` characters at its end are not shown."""

    number: int
    text: str
    cut: int
    skipped: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Excerpt:
    """The lines around the errors; `count` is how many there are, `skipped` is the number of lines at the end.

    Where a manifest has more errors than are listed, the last one says so; `is_cut` is true then, and `count` leaves
    it out.
    """

    count: int
    is_cut: bool
    marks: tuple[Mark, ...]
    lines: tuple[Line, ...]
    skipped: int

    @property
    def unplaced(self) -> list[Mark]:
        """Errors of the manifest as a whole, or of one that has no lines to show."""
        placed = {mark.number for line in self.lines for mark in line.marks}
        return [mark for mark in self.marks if mark.number not in placed]


def around(raw: bytes, errors: Sequence[DocumentError]) -> Excerpt:
    """Returns the excerpt around the lines of the errors; a line ends at a line feed."""
    marks = tuple(Mark(number, error) for number, error in enumerate(errors, start=1))
    try:
        texts = raw.decode().split("\n")
    except UnicodeDecodeError:
        # Nobody reads a picture line by line.
        texts = []
    marked = {mark.error.line for mark in marks if mark.error.line}
    shown = sorted(
        number
        for number in {line + step for line in marked for step in range(-LINES_AROUND, LINES_AROUND + 1)}
        if 1 <= number <= len(texts)
    )
    lines = tuple(
        _line(number, texts[number - 1], skipped=number - before - 1, marks=marks)
        for before, number in pairwise([0, *shown])
    )
    is_cut = bool(errors) and errors[-1].code == "too_many"
    return Excerpt(len(errors) - is_cut, is_cut, marks, lines, skipped=len(texts) - shown[-1] if shown else 0)


def _line(number: int, text: str, *, skipped: int, marks: Sequence[Mark]) -> Line:
    text = text.removesuffix("\r")
    cut = max(0, len(text) - MAX_LINE_LENGTH)
    here = tuple(mark for mark in marks if mark.error.line == number)
    return Line(number, text[:MAX_LINE_LENGTH], cut, skipped, here)
