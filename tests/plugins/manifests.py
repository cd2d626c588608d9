"""The manifest the tests start from: the smallest that has every part, changed member by member."""

import json
from typing import Any

from plugins.manifest import document
from plugins.manifest.checks.errors import BadManifest
from plugins.manifest.document import Manifest

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["reference"],
    "properties": {"reference": {"type": "string", "maxLength": 20, "description": "The ticket's reference."}},
}

TOOL = {
    "name": "find_ticket",
    "description": "Look up a ticket. Use this when a customer asks how far a ticket is.",
    "inputSchema": SCHEMA,
}

MANIFEST = {
    "slug": "SUPPORT_DESK",
    "version": "1.0.0",
    "name": "Support Desk",
    "baseUrl": "https://desk.example.com/tools",
    "auth": {"type": "secret"},
    "tools": [TOOL],
}


def nobody_allowed(_host: str, _port: int) -> bool:
    return False


def parsed(**changes: Any) -> Manifest:
    """The manifest with some members changed, read as an upload is."""
    return document.parse(json.dumps({**MANIFEST, **changes}).encode(), is_allowed_host=nobody_allowed)


def errors(**changes: Any) -> list[tuple[str, str]]:
    """Pointer and code of each error the changed manifest has, sorted."""
    try:
        parsed(**changes)
    except BadManifest as bad:
        return sorted((error.pointer, error.code) for error in bad.errors)
    return []


def tool_errors(**changes: Any) -> list[tuple[str, str]]:
    return [(pointer.removeprefix("/tools/0"), code) for pointer, code in errors(tools=[{**TOOL, **changes}])]


def field_errors(name: str = "queue", **rules: Any) -> list[tuple[str, str]]:
    """Errors of a configuration with this one field; pointers start at the field."""
    found = errors(configurationSchema={"type": "object", "properties": {name: rules}})
    return [(pointer.removeprefix(f"/configurationSchema/properties/{name}"), code) for pointer, code in found]
