"""The places inside a JSON Schema (draft 2020-12) where another schema stands.

Keywords such as `default`, `enum` and `examples` hold data that may look like a schema; a walk over all members of the
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
DEFINITIONS = ("$defs", "definitions")
"""The second is what drafts before 2019-09 call the first."""

BELOW = CHILD_LISTS + CHILDREN + CHILD_MAPS
"""Keywords whose schemas apply to members of the value; those of the IN_PLACE ones apply to the value itself."""

_SINGLE = IN_PLACE + CHILDREN
_LISTS = IN_PLACE_LISTS + CHILD_LISTS
MAPS = IN_PLACE_MAPS + CHILD_MAPS + DEFINITIONS


@dataclass(frozen=True, slots=True)
class Subschema:
    """A schema directly inside another one: the keyword that holds it, and its path from the outer schema."""

    keyword: str
    path: tuple[str, ...]
    schema: Any


def children(schema: Mapping[str, Any]) -> Iterator[Subschema]:
    """Yields the schemas directly inside `schema`, those under `$defs` too. Skips what has the wrong shape."""
    for keyword, value in schema.items():
        if keyword in _SINGLE:
            yield Subschema(keyword, (keyword,), value)
        elif keyword in _LISTS and isinstance(value, list):
            for index, item in enumerate(value):
                yield Subschema(keyword, (keyword, str(index)), item)
        elif keyword in MAPS and isinstance(value, dict):
            for name, item in value.items():
                yield Subschema(keyword, (keyword, name), item)


def walk(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Yields path and schema of `schema` and of every schema inside it, except boolean schemas."""
    if not isinstance(schema, dict):
        return
    yield path, schema
    for child in children(schema):
        yield from walk(child.schema, path + child.path)


def map_children(schema: Mapping[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Returns a copy of `schema` in which each schema directly inside it is replaced by `change(it)`."""
    copy = dict(schema)
    for keyword, value in schema.items():
        if keyword in _SINGLE:
            copy[keyword] = change(value)
        elif keyword in _LISTS and isinstance(value, list):
            copy[keyword] = [change(item) for item in value]
        elif keyword in MAPS and isinstance(value, dict):
            copy[keyword] = {name: change(item) for name, item in value.items()}
    return copy
