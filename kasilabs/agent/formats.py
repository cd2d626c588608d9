"""The tool list in the four formats agents want (contracts, section 3).

A tool of a version never changes, so its JSON text is made once per process; a list is those texts put together.
"""

import hashlib
import json
from enum import StrEnum
from functools import lru_cache
from typing import Any

from grants.decision.tool_list import OfferedTool, ToolList
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
    """Return the JSON document of a tool list. `revision` is the same in all formats."""
    head = {
        "instance": {"id": tool_list.instance.public_id, "name": tool_list.instance.name},
        "revision": _revision(tool_list),
        "toolkits": tool_list.toolkits,
        "suppressedToolkits": tool_list.suppressed_toolkits,
    }
    tools = ",".join(_text(_Key.of(offered, form)) for offered in tool_list.tools)
    return f'{json.dumps(head)[:-1]}, "tools": [{tools}]}}'.encode()


def etag(tool_list: ToolList, form: Format, body: bytes) -> str:
    """Return the strong ETag over instance, format and body."""
    digest = hashlib.sha256(b"\0".join([tool_list.instance.id.bytes, form.encode(), body])).hexdigest()
    return f'"{digest[:32]}"'


def _revision(tool_list: ToolList) -> str:
    digest = hashlib.sha256()
    for text in (*tool_list.toolkits, "-", *tool_list.suppressed_toolkits, "-"):
        digest.update(text.encode() + b"\0")
    for offered in tool_list.tools:
        digest.update(f"{offered.name}\0{offered.manifest.digest}\0{offered.mode}\0".encode())
    return digest.hexdigest()[:16]


class _Key:
    """What the text of a tool depends on; equal keys have equal texts."""

    __slots__ = ("_same", "form", "manifest", "mode", "tool")

    def __init__(self, manifest: Manifest, tool: Tool, mode: str, form: Format) -> None:
        self.manifest, self.tool, self.mode, self.form = manifest, tool, mode, form
        self._same = (manifest.digest, tool.name, mode, form)

    @classmethod
    def of(cls, offered: OfferedTool, form: Format) -> "_Key":
        return cls(offered.manifest, offered.tool, offered.mode, form)

    def __hash__(self) -> int:
        return hash(self._same)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._same == other._same


@lru_cache(maxsize=8192)
def _text(key: _Key) -> str:
    return json.dumps(_FORMATS[key.form](key))


def _mcp(key: _Key) -> dict[str, Any]:
    tool = key.tool
    document: dict[str, Any] = {
        "name": agent_name(key.manifest.slug, tool.name),
        "title": tool.title or tool.name,
        "description": tool.description,
        "inputSchema": tool.input_schema,
    }
    if tool.output_schema is not None:
        document["outputSchema"] = tool.output_schema
    return {**document, "annotations": dict(tool.annotations.raw)}


def _kasilabs(key: _Key) -> dict[str, Any]:
    origin = {"plugin": key.manifest.slug, "version": key.manifest.version, "mode": key.mode, "approval": APPROVAL}
    return {**_mcp(key), **origin}


def _openai(key: _Key) -> dict[str, Any]:
    function = {
        "name": agent_name(key.manifest.slug, key.tool.name),
        "description": key.tool.description,
        "parameters": key.tool.input_schema,
    }
    return {"type": "function", "function": function}


def _anthropic(key: _Key) -> dict[str, Any]:
    return {
        "name": agent_name(key.manifest.slug, key.tool.name),
        "description": key.tool.description,
        "input_schema": key.tool.input_schema,
    }


_FORMATS = {
    Format.KASILABS: _kasilabs,
    Format.OPENAI: _openai,
    Format.ANTHROPIC: _anthropic,
    Format.MCP: _mcp,
}
