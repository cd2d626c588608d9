"""An input to begin a test call with, and what the author says about its properties. Pure: a tool and its schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plugins.manifest.document import Manifest, Tool

EMPTY: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}


@dataclass(frozen=True)
class Property:
    """One property of a tool's input, as its schema describes it."""

    name: str
    description: str
    type: str
    required: bool


def example(manifest: Manifest, tool: Tool) -> str:
    """Returns the author's first example, else the input of the configuration test, else what the schema requires."""
    test = manifest.configuration_test
    if tool.examples:
        found = tool.examples[0].input
    elif test is not None and test.tool == tool.name:
        found = test.input
    else:
        schemas = tool.input_schema.get("properties", {})
        found = {name: _value(schemas.get(name)) for name in tool.input_schema.get("required", ())}
    return json.dumps(found, indent=2, ensure_ascii=False)


def properties(tool: Tool) -> list[Property]:
    """Returns what the input may hold, required properties first."""
    required = tool.input_schema.get("required", ())
    found = [
        Property(name, schema.get("description") or schema.get("title") or "", _type(schema), name in required)
        for name, schema in tool.input_schema.get("properties", {}).items()
        if isinstance(schema, Mapping)
    ]
    return sorted(found, key=lambda each: not each.required)


def _type(schema: Mapping[str, Any]) -> str:
    found = schema.get("type", "")
    return found if isinstance(found, str) else ", ".join(found)


def _value(schema: Any) -> Any:
    """Returns the author's own example of a value, else an empty one of its type."""
    if not isinstance(schema, Mapping):
        return None
    for member in ("examples", "enum"):
        if schema.get(member):
            return schema[member][0]
    for member in ("default", "const"):
        if member in schema:
            return schema[member]
    return EMPTY.get(_type(schema))
