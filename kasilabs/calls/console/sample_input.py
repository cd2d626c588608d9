"""An input to begin a test call with, and what the author says about its members. Pure: a tool and its schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plugins.manifest.document import Manifest, Tool

EMPTY: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False, "array": [], "object": {}}


@dataclass(frozen=True)
class Member:
    """One member of a tool's input, as its schema tells it."""

    name: str
    words: str
    kind: str
    required: bool


def text(manifest: Manifest, tool: Tool) -> str:
    """Return the author's first example, else the input of the configuration test, else what the schema requires."""
    test = manifest.configuration_test
    if tool.examples:
        found = tool.examples[0].input
    elif test is not None and test.tool == tool.name:
        found = test.input
    else:
        properties = _properties(tool.input_schema)
        found = {name: _value(properties.get(name)) for name in tool.input_schema.get("required", ())}
    return json.dumps(found, indent=2, ensure_ascii=False)


def members(tool: Tool) -> list[Member]:
    """Return what the input may hold, required members first."""
    required = tool.input_schema.get("required", ())
    found = [
        Member(name, rules.get("description") or rules.get("title") or "", _kind(rules), name in required)
        for name, rules in _properties(tool.input_schema).items()
        if isinstance(rules, Mapping)
    ]
    return sorted(found, key=lambda member: not member.required)


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = schema.get("properties", {})
    return found


def _kind(rules: Mapping[str, Any]) -> str:
    kind = rules.get("type", "")
    return kind if isinstance(kind, str) else ", ".join(kind)


def _value(rules: Any) -> Any:
    """Return the author's own example of a value, else an empty one of its type."""
    if not isinstance(rules, Mapping):
        return None
    for member in ("examples", "enum"):
        if rules.get(member):
            return rules[member][0]
    for member in ("default", "const"):
        if member in rules:
            return rules[member]
    return EMPTY.get(_kind(rules))
