"""What an agent reads of its number: the tool list in the four formats agents want, and the number itself.

A tool of a version never changes, so its JSON text is made once per process, and a list is those texts put together.
"""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from grants.decision.tool_list import ToolList
from kasilabs.lib.documents import json_pointer, resolved_schema, subschemas
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest, Tool, agent_name

APPROVAL = "none"
"""Every offered tool may be called at once: a cell is on or off, and off is not offered."""


class Format(StrEnum):
    """How a tool is written down."""

    KASILABS = "kasilabs"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    MCP = "mcp"


def render(tool_list: ToolList, form: Format) -> bytes:
    """Returns the JSON document of a tool list."""
    head = {
        "instance": {"id": tool_list.instance.public_id, "name": tool_list.instance.name},
        "revision": revision(tool_list),
        "toolkits": tool_list.toolkits,
        "suppressedToolkits": tool_list.suppressed_toolkits,
    }
    tools = ",".join(_text(_Source(each.manifest, each.tool, each.mode, form)) for each in tool_list.tools)
    return f'{json.dumps(head)[:-1]}, "tools": [{tools}]}}'.encode()


def render_instance(tool_list: ToolList) -> bytes:
    """Returns the JSON document of what a runtime needs to be this number. A suspended one has no prompt."""
    instance, organization = tool_list.instance, tool_list.instance.organization
    document = {
        "instance": {
            "id": instance.public_id,
            "name": instance.name,
            "state": instance.state,
            "prompt": instance.system_prompt if instance.is_active else "",
            "timezone": organization.time_zone,
            "currency": organization.currency,
        },
        "toolkits": tool_list.toolkits,
        "suppressedToolkits": tool_list.suppressed_toolkits,
        "revision": revision(tool_list),
    }
    return json.dumps(document).encode()


def revision(tool_list: ToolList) -> str:
    """Returns what changes with the tools, toolkits and suppressed toolkits of a number, in whatever format."""
    digest = hashlib.sha256()
    for text in (*tool_list.toolkits, "-", *tool_list.suppressed_toolkits, "-"):
        digest.update(text.encode() + b"\0")
    for offered in tool_list.tools:
        digest.update(f"{offered.name}\0{offered.manifest.digest}\0{offered.mode}\0".encode())
    return digest.hexdigest()[:16]


def etag(instance: Instance, form: str, body: bytes) -> str:
    """Returns the strong ETag over instance, format and body."""
    digest = hashlib.sha256(b"\0".join([instance.id.bytes, form.encode(), body])).hexdigest()
    return f'"{digest[:32]}"'


class _Source:
    """What the JSON text of a tool is made from; equal sources have equal texts."""

    __slots__ = ("_key", "form", "manifest", "mode", "tool")

    def __init__(self, manifest: Manifest, tool: Tool, mode: str, form: Format) -> None:
        self.manifest, self.tool, self.mode, self.form = manifest, tool, mode, form
        self._key = (manifest.digest, tool.name, mode, form)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Source) and self._key == other._key


@lru_cache(maxsize=8192)
def _text(source: _Source) -> str:
    return json.dumps(_FORMATS[source.form](source))


def _passed_on(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a schema as agents get it: JSON Schema 2020-12, whatever draft its author named."""
    document: dict[str, Any] = _without_own_keywords(schema)
    older = document.pop("definitions", {})
    if older or "$defs" in document:
        document["$defs"] = older | document.get("$defs", {})
    return document


def _without_own_keywords(schema: Any) -> Any:
    """Returns a schema without `$schema` and the keywords of the author's own, each reference in its usual spelling."""
    if not isinstance(schema, Mapping):
        return schema
    inside = subschemas.map_children(schema, _without_own_keywords)
    copy = {name: value for name, value in inside.items() if name != "$schema" and not name.startswith("x-")}
    if "$ref" in copy:
        copy["$ref"] = "#" + quote(json_pointer.join(resolved_schema.reference_path(copy["$ref"])), safe="/$~")
    return copy


def _with_properties(tool: Tool) -> dict[str, Any]:
    """Returns an input schema with `properties`: some vendors refuse an object without it."""
    schema = _passed_on(tool.input_schema)
    return {**schema, "properties": schema.get("properties", {})}


def _mcp(source: _Source) -> dict[str, Any]:
    tool = source.tool
    document: dict[str, Any] = {
        "name": agent_name(source.manifest.slug, tool.name),
        "title": tool.title or tool.name,
        "description": tool.description,
        "inputSchema": _passed_on(tool.input_schema),
    }
    if tool.output_schema is not None:
        document["outputSchema"] = _passed_on(tool.output_schema)
    return {**document, "annotations": dict(tool.annotations.raw)}


def _kasilabs(source: _Source) -> dict[str, Any]:
    manifest = source.manifest
    origin = {"plugin": manifest.slug, "version": manifest.version, "mode": source.mode, "approval": APPROVAL}
    return {**_mcp(source), **origin}


def _openai(source: _Source) -> dict[str, Any]:
    function = {
        "name": agent_name(source.manifest.slug, source.tool.name),
        "description": source.tool.description,
        "parameters": _with_properties(source.tool),
    }
    return {"type": "function", "function": function}


def _anthropic(source: _Source) -> dict[str, Any]:
    return {
        "name": agent_name(source.manifest.slug, source.tool.name),
        "description": source.tool.description,
        "input_schema": _with_properties(source.tool),
    }


_FORMATS = {
    Format.KASILABS: _kasilabs,
    Format.OPENAI: _openai,
    Format.ANTHROPIC: _anthropic,
    Format.MCP: _mcp,
}
