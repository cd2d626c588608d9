"""A JSON Schema whose references are read once, by one reader, for everybody who looks at it.

A `$ref` is a URI fragment: it is percent-decoded first and a JSON Pointer then (RFC 6901, section 6). Two readers that
disagree about one pointer let a stranger show a harmless schema to the check and another one to the validator. So the
reference is read here, and what is followed is handed on under names of our own, which need no reading.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote_to_bytes

from kasilabs.lib.documents import json_pointer, patterns, subschemas

Schema = Mapping[str, Any] | bool


class BadReference(ValueError):
    """The reference is not one into `$defs`, or it leads to no schema."""


@dataclass(frozen=True)
class ResolvedSchema:
    """A schema without definitions of its own: each `$ref` is a key of `targets`, and only what is used is there."""

    root: Schema
    targets: Mapping[str, Schema] = field(default_factory=dict)

    @cached_property
    def document(self) -> Schema:
        """The whole as one JSON Schema; its references hold no character that two readers could read differently."""
        if not self.targets or not isinstance(self.root, Mapping):
            return self.root
        definitions = {reference.rpartition("/")[2]: target for reference, target in self.targets.items()}
        return {**self.root, "$defs": definitions}


class SchemaWalk:
    """One walk over a value: which schemas apply at its places. What is below the same schemas is looked up once."""

    def __init__(self, schema: ResolvedSchema) -> None:
        self._schema = schema
        self._known: dict[tuple[int, str | int | None], list[Mapping[str, Any]]] = {}
        self._members: dict[int, _Members] = {}
        self.root = self._applying([schema.root])
        """The schemas that apply to the value itself."""

    def below(self, schemas: list[Mapping[str, Any]], member: str | int) -> list[Mapping[str, Any]]:
        """Returns the schemas that apply to one member of a value; `schemas` are those of the value, as they came.

        `member` is a name or an index. Members are reached by `properties`, `patternProperties`,
        `additionalProperties`, `prefixItems` and `items`.
        """
        if id(schemas) not in self._members:
            self._members[id(schemas)] = _Members.of(schemas)
        key = (id(schemas), self._members[id(schemas)].kind(member))
        if key not in self._known:
            at = _at_name if isinstance(member, str) else _at_index
            self._known[key] = self._applying(below for schema in schemas for below in at(schema, member))
        return self._known[key]

    def at(self, path: Iterable[str | int]) -> list[Mapping[str, Any]]:
        """Returns every schema that applies at one place; `path` are names and indices from the root of the value."""
        schemas = self.root
        for member in path:
            schemas = self.below(schemas, member)
        return schemas

    def _applying(self, schemas: Iterable[Schema]) -> list[Mapping[str, Any]]:
        """Returns these schemas and each one inside them that applies to the same value, through references too.

        All branches count, those of `if` included, except what stands under `not`. Each schema comes once.
        """
        found: dict[int, Mapping[str, Any]] = {}
        waiting = list(schemas)
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, Mapping) or id(schema) in found:
                continue
            found[id(schema)] = schema
            if "$ref" in schema:
                waiting.append(self._schema.targets[schema["$ref"]])
            waiting += [each.schema for each in subschemas.children(schema) if each.keyword in _SAME_VALUE]
        return list(found.values())


@dataclass(frozen=True)
class _Members:
    """Which members some schemas tell from each other: names they know, patterns, and how many first items."""

    names: frozenset[str]
    has_patterns: bool
    first_items: int

    @classmethod
    def of(cls, schemas: list[Mapping[str, Any]]) -> "_Members":
        names = frozenset().union(*(schema.get("properties", {}) for schema in schemas))
        has_patterns = any("patternProperties" in schema for schema in schemas)
        return cls(names, has_patterns, max((len(schema.get("prefixItems", ())) for schema in schemas), default=0))

    def kind(self, member: str | int) -> str | int | None:
        """Returns the member itself, or what stands for all that no schema here tells from it."""
        if isinstance(member, int):
            return min(member, self.first_items)
        return member if self.has_patterns or member in self.names else None


_SAME_VALUE = (*subschemas.IN_PLACE_LISTS, "if", "then", "else", *subschemas.IN_PLACE_MAPS)


def resolve(schema: Schema) -> ResolvedSchema:
    """Returns the schema with its references resolved. Raises BadReference for the first that leads nowhere."""
    places = schemas_by_path(schema)
    names: dict[tuple[str, ...], str] = {}
    waiting: list[tuple[str, ...]] = []

    def without_definitions(part: Any) -> Any:
        if not isinstance(part, Mapping):
            return part
        copy = subschemas.map_children(
            {keyword: value for keyword, value in part.items() if keyword not in subschemas.DEFINITIONS},
            without_definitions,
        )
        if "$ref" in part:
            path = reference_path(part["$ref"])
            if path not in names:
                names[path] = f"#/$defs/{len(names)}"
                waiting.append(path)
            copy["$ref"] = names[path]
        return copy

    root = without_definitions(schema)
    targets = {}
    while waiting:
        path = waiting.pop()
        if path not in places:
            raise BadReference("/".join(path))
        targets[names[path]] = without_definitions(places[path])
    return ResolvedSchema(root, targets)


def reference_path(reference: str) -> tuple[str, ...]:
    """Returns where a `$ref` leads, as a path of `schemas_by_path`. Raises BadReference unless it is into `$defs`."""
    try:
        pointer = unquote_to_bytes(reference.removeprefix("#")).decode()
    except UnicodeDecodeError:
        raise BadReference(reference) from None
    keyword, *path = json_pointer.split(pointer) or ("",)
    if not (reference.startswith("#") and pointer.startswith("/")) or keyword not in subschemas.DEFINITIONS or not path:
        raise BadReference(reference)
    return ("$defs", *path)


def schemas_by_path(schema: Schema) -> dict[tuple[str, ...], Schema]:
    """Returns every schema inside `schema`, boolean ones too, by its path; `definitions` at the top are `$defs`.

    Where a name stands under both, that of `$defs` counts.
    """
    found: dict[tuple[str, ...], Schema] = {}

    def add(part: Any, path: tuple[str, ...]) -> None:
        if not isinstance(part, Mapping | bool) or path in found:
            return
        found[path] = part
        if isinstance(part, Mapping):
            for child in sorted(subschemas.children(part), key=lambda each: each.keyword == "definitions"):
                is_old = not path and child.keyword == "definitions"
                add(child.schema, (*path, *(("$defs", *child.path[1:]) if is_old else child.path)))

    add(schema, ())
    return found


def _at_name(schema: Mapping[str, Any], name: Any) -> Iterator[Schema]:
    properties, by_pattern = schema.get("properties", {}), schema.get("patternProperties", {})
    matching = [pattern for pattern in by_pattern if patterns.is_match(pattern, name)]
    if name in properties:
        yield properties[name]
    for pattern in matching:
        yield by_pattern[pattern]
    if name not in properties and not matching and "additionalProperties" in schema:
        yield schema["additionalProperties"]


def _at_index(schema: Mapping[str, Any], index: Any) -> Iterator[Schema]:
    first = schema.get("prefixItems", [])
    if index < len(first):
        yield first[index]
    elif "items" in schema:
        yield schema["items"]
