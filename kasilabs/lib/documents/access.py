"""Looking into a document whose shape may be wrong."""

from collections.abc import Iterator, Mapping
from typing import Any


def objects(document: Mapping[str, Any], member: str, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects in a list member, with their pointers; what is not an object is passed over."""
    for pointer, item in items(document, member, at):
        if isinstance(item, dict):
            yield pointer, item


def strings(document: Mapping[str, Any], member: str, at: str = "") -> Iterator[tuple[str, str]]:
    """The strings in a list member, with their pointers."""
    for pointer, item in items(document, member, at):
        if isinstance(item, str):
            yield pointer, item


def members(document: Mapping[str, Any], member: str) -> dict[str, Any]:
    """An object member; empty where it is no object."""
    value = document.get(member)
    return value if isinstance(value, dict) else {}


def items(document: Mapping[str, Any], member: str, at: str = "") -> Iterator[tuple[str, Any]]:
    """The items of a list member, with their pointers; nothing where it is no list."""
    value = document.get(member)
    for index, item in enumerate(value if isinstance(value, list) else ()):
        yield f"{at}/{member}/{index}", item
