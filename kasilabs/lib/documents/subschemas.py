"""The places inside a JSON Schema (draft 2020-12) where another schema stands.

Keywords such as `default`, `enum` and `examples` hold data that may look like a schema; a walk over all members of a
document would take it for one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
IN_PLACE = ("not", "if", "then", "else")
IN_PLACE_MAPS = ("dependentSchemas",)
CHILD_LISTS = ("prefixItems",)
CHILDREN = (
    "additionalProperties",
    "items",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
)
CHILD_MAPS = ("properties", "patternProperties")
DEFINITIONS = ("$defs",)
BELOW = CHILD_LISTS + CHILDREN + CHILD_MAPS
"""Keywords whose schemas apply to members of the value; those of the IN_PLACE ones apply to the value itself."""

_SINGLE = IN_PLACE + CHILDREN
_LISTS = IN_PLACE_LISTS + CHILD_LISTS
_MAPS = IN_PLACE_MAPS + CHILD_MAPS + DEFINITIONS


@dataclass(frozen=True, slots=True)
class Part:
    """A schema directly inside another one: the keyword that holds it and its path from there."""

    keyword: str
    path: tuple[str, ...]
    schema: Any


def parts(schema: Mapping[str, Any]) -> Iterator[Part]:
    """The schemas directly inside `schema`, `$defs` included. What has the wrong shape is passed over."""
    for keyword, value in schema.items():
        if keyword in _SINGLE:
            yield Part(keyword, (keyword,), value)
        elif keyword in _LISTS and isinstance(value, list):
            for index, item in enumerate(value):
                yield Part(keyword, (keyword, str(index)), item)
        elif keyword in _MAPS and isinstance(value, dict):
            for name, item in value.items():
                yield Part(keyword, (keyword, name), item)


def walk(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """`schema` and every schema inside it, with their paths; boolean schemas are left out."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for part in parts(schema):
        yield from walk(part.schema, path + part.path)


def replaced(schema: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy of `schema` with each schema directly inside it changed."""
    return {keyword: _changed(keyword, value, change) for keyword, value in schema.items()}


def _changed(keyword: str, value: Any, change: Callable[[Any], Any]) -> Any:
    if keyword in _SINGLE:
        return change(value)
    if keyword in _LISTS and isinstance(value, list):
        return [change(item) for item in value]
    if keyword in _MAPS and isinstance(value, dict):
        return {name: change(item) for name, item in value.items()}
    return value
