"""The marks by which a tool's schema says that an input is personal data: `x-personal` and what it is."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from kasilabs.lib.documents import subschemas
from kasilabs.lib.documents.resolved_schema import ResolvedSchema, Schema

MARK = "x-personal"


class PersonalData(StrEnum):
    """What a mark may say, the most delicate first."""

    PHONE = "phone"
    EMAIL = "email"
    NAME = "name"
    ADDRESS = "address"
    ID = "id"
    LOCATION = "location"


def marks(schema: ResolvedSchema) -> tuple[PersonalData, ...]:
    """Returns what the marks of a schema say, each once. What stands under `not` applies to no value."""
    found: set[str] = set()
    waiting: list[Schema] = [schema.root, *schema.targets.values()]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            found.add(mark(part))
            waiting += [child.schema for child in subschemas.children(part) if child.keyword != "not"]
    return tuple(kind for kind in PersonalData if kind in found)


def mark(schema: Mapping[str, Any]) -> str:
    """Returns the mark of one schema itself; empty where there is none."""
    return str(schema.get(MARK, ""))
