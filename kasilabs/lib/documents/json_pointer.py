"""JSON Pointer (RFC 6901): how a place inside a JSON document is written."""

from collections.abc import Iterable


def join(path: Iterable[str | int]) -> str:
    """Returns the pointer of a path of member names and indices."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def split(pointer: str) -> tuple[str, ...]:
    """Returns the path of a pointer."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
