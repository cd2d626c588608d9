"""Reading members of a document that may have any shape: what has the wrong type counts as absent."""

from collections.abc import Iterator, Mapping
from typing import Any


def object_member(document: Mapping[str, Any], member: str) -> dict[str, Any]:
    """Returns an object member; an empty dict where it is missing or no object."""
    value = document.get(member)
    return value if isinstance(value, dict) else {}


def items(document: Mapping[str, Any], member: str, at: str = "") -> Iterator[tuple[str, Any]]:
    """Yields pointer and value of each item of a list member; `at` is the pointer of `document`."""
    value = document.get(member)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield f"{at}/{member}/{index}", item


def objects(document: Mapping[str, Any], member: str, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields pointer and value of each object in a list member."""
    for pointer, item in items(document, member, at):
        if isinstance(item, dict):
            yield pointer, item


def strings(document: Mapping[str, Any], member: str, at: str = "") -> Iterator[tuple[str, str]]:
    """Yields pointer and value of each string in a list member."""
    for pointer, item in items(document, member, at):
        if isinstance(item, str):
            yield pointer, item
