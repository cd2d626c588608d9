"""JSON Pointer (RFC 6901): how a place inside a JSON document is written."""

from collections.abc import Iterable
from typing import Any


def join(path: Iterable[str | int]) -> str:
    """Returns the pointer of a path of member names and indices."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def split(pointer: str) -> tuple[str, ...]:
    """Returns the path of a pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def resolve(document: Any, pointer: str) -> Any:
    """Returns the value at a pointer. Raises KeyError where there is none."""
    value = document
    for part in split(pointer):
        if isinstance(value, dict):
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and part.isascii() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(pointer)
    return value
