"""Optional members that were sent as null, as models do where they have nothing to say: they count as not sent.

Members count that a schema names under `properties`, at any depth that is reached by `properties`, `items` and `$ref`;
what stands under `anyOf`, `oneOf` or `not` is left as it is, and so is a name that no schema knows.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from kasilabs.lib.documents.resolved_schema import ResolvedSchema, Schema

MOST_SCHEMAS = 16
"""Where more of them meet at one place, its members are left as they were sent: no tool needs so many."""

Group = list[Mapping[str, Any]]
"""The schemas at one place: one, and what its reference leads to."""


def leave_out(value: Any, schema: ResolvedSchema) -> Any:
    """Returns `value` without its optional members that are null where null is not taken; itself where none is."""
    if not _holds_null(value):
        return value
    return _without(value, _group([schema.root], schema), schema, {})


def _holds_null(value: Any) -> bool:
    places = [value]
    # The list grows while it is read.
    for place in places:
        if place is None:
            return True
        if isinstance(place, dict):
            places += place.values()
        elif isinstance(place, list):
            places += place
    return False


def _group(schemas: Iterable[Schema], resolved: ResolvedSchema) -> Group:
    """Returns these schemas and those their references lead to, each once; none where there are too many."""
    found: dict[int, Mapping[str, Any]] = {}
    for start in schemas:
        schema: Schema | None = start
        while isinstance(schema, Mapping) and id(schema) not in found:
            found[id(schema)] = schema
            schema = resolved.targets.get(schema.get("$ref", ""))
    return list(found.values()) if len(found) <= MOST_SCHEMAS else []


def _without(value: Any, group: Group, resolved: ResolvedSchema, null_taken: dict[int, bool]) -> Any:
    if isinstance(value, dict):
        kept = {}
        for name, member in value.items():
            below = [schema["properties"][name] for schema in group if name in schema.get("properties", ())]
            is_required = any(name in schema.get("required", ()) for schema in group)
            if (
                member is None
                and not is_required
                and not all(_takes_null(each, resolved, null_taken) for each in below)
            ):
                continue
            is_deep = below and isinstance(member, dict | list)
            kept[name] = _without(member, _group(below, resolved), resolved, null_taken) if is_deep else member
        return kept
    if isinstance(value, list):
        # Of what `prefixItems` describes nothing is left out.
        first = max((len(schema.get("prefixItems", ())) for schema in group), default=0)
        items = _group([schema["items"] for schema in group if "items" in schema], resolved)
        return [*value[:first], *(_without(item, items, resolved, null_taken) for item in value[first:])]
    return value


def _takes_null(schema: Schema, resolved: ResolvedSchema, known: dict[int, bool]) -> bool:
    """Returns whether a schema takes null. Most keywords say nothing about it (JSON Schema Validation, section 6)."""
    if isinstance(schema, bool):
        return schema
    if id(schema) not in known:

        def takes(each: Schema) -> bool:
            return _takes_null(each, resolved, known)

        types = schema.get("type", "null")
        known[id(schema)] = (
            (types == "null" or (isinstance(types, list) and "null" in types))
            and schema.get("const") is None
            and None in schema.get("enum", [None])
            and takes(resolved.targets.get(schema.get("$ref", ""), True))
            and all(map(takes, schema.get("allOf", ())))
            and any(map(takes, schema.get("anyOf", [True])))
            and sum(map(takes, schema.get("oneOf", [True]))) == 1
            and not takes(schema.get("not", False))
            and takes(schema.get("then" if takes(schema.get("if", True)) else "else", True) if "if" in schema else True)
        )
    return known[id(schema)]
