"""Where each value of a JSON text begins.

A parsed document has lost its lines, and an author finds "line 41" sooner than `/tools/3/name`. The scan reads tokens
only and never recurses, so it also works on a text that is nested too deep for the parser.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class Position:
    """One value: its path of member names and indices, and the offset of its name (in an array, of the value).

    `is_duplicate` is true for a member whose name stands in the same object before.
    """

    path: tuple[str, ...]
    offset: int
    is_container: bool
    is_duplicate: bool


@dataclass(slots=True)
class _Container:
    """An object or array the scan is inside of; `name` is the member name read last, None before it is read."""

    path: tuple[str, ...]
    is_object: bool
    index: int = 0
    name: str | None = None
    name_offset: int = 0
    seen: set[str] = field(default_factory=set)

    def position(self, token: str, offset: int) -> Position:
        is_container = token in "{["
        if not self.is_object:
            return Position((*self.path, str(self.index)), offset, is_container, is_duplicate=False)
        name = self.name or ""
        is_duplicate = name in self.seen
        self.seen.add(name)
        return Position((*self.path, name), self.name_offset, is_container, is_duplicate)


def scan(text: str) -> Iterator[Position]:
    """Yields every value of a JSON text in the order of the text; of a malformed text, those before the flaw."""
    containers: list[_Container] = []
    for match in _TOKEN.finditer(text):
        token, offset = match.group(), match.start()
        inside = containers[-1] if containers else None
        if token == ":":
            continue
        if inside and token == ",":
            inside.index, inside.name = inside.index + 1, None
        elif inside and token in "}]":
            containers.pop()
        elif inside and inside.is_object and inside.name is None:
            inside.name = str(json.loads(token)) if "\\" in token else token[1:-1]
            inside.name_offset = offset
        else:
            position = inside.position(token, offset) if inside else Position((), offset, token in "{[", False)
            yield position
            if position.is_container:
                containers.append(_Container(position.path, is_object=token == "{"))


def line_at(text: str, offset: int) -> int:
    """Returns the 1-based line of an offset; a line ends at a line feed, as in editors and in `json`."""
    return text.count("\n", 0, offset) + 1
