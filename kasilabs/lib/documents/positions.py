"""Where each value of a JSON text begins.

A parsed document has lost its lines; an author who is told `/tools/3/name` is helped more by "line 41". The scan reads
tokens only and never recurses, so that it also answers for texts nested too deep for the parser.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


@dataclass(frozen=True, slots=True)
class Spot:
    """One value: its path of member names and indices, and the offset of its name (of itself inside an array)."""

    path: tuple[str, ...]
    offset: int
    is_container: bool
    is_repeated: bool


@dataclass(slots=True)
class _Level:
    path: tuple[str, ...]
    is_object: bool
    index: int = 0
    name: str | None = None
    name_offset: int = 0
    seen: set[str] = field(default_factory=set)

    def spot(self, token: str, offset: int) -> Spot:
        is_container = token in "{["
        if not self.is_object:
            return Spot((*self.path, str(self.index)), offset, is_container, False)
        name = self.name or ""
        is_repeated = name in self.seen
        self.seen.add(name)
        return Spot((*self.path, name), self.name_offset, is_container, is_repeated)


def spots(text: str) -> Iterator[Spot]:
    """Every value of a well-formed JSON text, in the order of the text; of a malformed one, those before the flaw."""
    levels: list[_Level] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        level = levels[-1] if levels else None
        if token == ":":
            continue
        if level and token == ",":
            level.index, level.name = level.index + 1, None
        elif level and token in "}]":
            levels.pop()
        elif level and level.is_object and level.name is None:
            level.name, level.name_offset = _name(token), match.start()
        else:
            spot = level.spot(token, match.start()) if level else Spot((), match.start(), token in "{[", False)
            yield spot
            if spot.is_container:
                levels.append(_Level(spot.path, is_object=token == "{"))


def _name(token: str) -> str:
    return str(json.loads(token)) if "\\" in token else token[1:-1]


def line_at(text: str, offset: int) -> int:
    """The 1-based line of an offset; a line ends at a line feed, as editors and `json` count them."""
    return text.count("\n", 0, offset) + 1


def pointer(path: Iterable[str | int]) -> str:
    """The JSON Pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def path_of(pointer: str) -> tuple[str, ...]:
    """The path of a JSON Pointer (RFC 6901)."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
