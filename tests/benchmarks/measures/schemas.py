"""How many tools that other people wrote are accepted: a folder of answers to MCP's `tools/list`, tools, or schemas.

Each tool is judged in a manifest of its own, once as it is written and once under a name of lower-case words, which is
what the hint of a refused name says to write.
"""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from plugins.manifest import document
from plugins.manifest.checks import tool_names
from plugins.manifest.checks.errors import BadManifest
from tests.benchmarks.results import Result, least

TARGETS = (least("named_accepted_percent", 97),)
MEMBERS = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
MANIFEST = {
    "slug": "BENCHMARK",
    "version": "1.0.0",
    "name": "Benchmark",
    "baseUrl": "https://plugin.example/tools",
    "auth": {"type": "secret"},
}
SCHEMA_ALONE = {"name": "judge_schema", "description": "Judges one schema. Use this when a schema stands alone."}
ROOM = 48


def measure() -> Result:
    result = Result(TARGETS)
    found = [tool for path in sorted(Path(os.environ["BENCHMARK_FOLDER"]).rglob("*.json")) for tool in _tools(path)]
    if not found:
        raise ValueError("there is no tool in this folder")
    named = [{**tool, "name": tool_names.suggest(str(tool.get("name", "")), room=ROOM, taken=())} for tool in found]
    result.add("tools", len(found))
    for way, tools in (("written", found), ("named", named)):
        codes = [_codes(tool) for tool in tools]
        result.add(f"{way}_accepted_percent", 100 * sum(not each for each in codes) / len(codes))
        for code, number in Counter(code for each in codes for code in each).most_common():
            result.add(f"{way}_{code}", number)
    return result


def _tools(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the tools in a file as members of a manifest; a schema that stands alone becomes the input of one."""
    content = json.loads(path.read_bytes())
    if isinstance(content, dict):
        content = content.get("result", content)
    several = content.get("tools") if isinstance(content, dict) else content
    for each in several if isinstance(several, list) else [content]:
        tool = each.get("function", each) if isinstance(each, dict) else {}
        for older in ("parameters", "input_schema"):
            if isinstance(tool.get(older), dict):
                tool = {**tool, "inputSchema": tool[older]}
        if "inputSchema" not in tool:
            tool = {**SCHEMA_ALONE, "inputSchema": tool}
        yield {name: tool[name] for name in MEMBERS if tool.get(name) is not None}


def _codes(tool: dict[str, Any]) -> set[str]:
    try:
        document.parse(json.dumps({**MANIFEST, "tools": [tool]}).encode(), is_allowed_host=lambda _host, _port: False)
    except BadManifest as bad:
        return {error.code for error in bad.errors}
    return set()
