"""What a tool or a permission touches, as the risk tags on screen say it. Pure: a manifest and the catalogue."""

from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, Risk
from plugins.manifest.document import Manifest, Tool

ORDER = ("writes", "deletes", "leaves", "money", "contacts")
_TAGS = {Risk.WRITES: "writes", Risk.MONEY: "money", Risk.CONTACTS: "contacts"}


def of_permission(manifest: Manifest, key: str) -> list[str]:
    """Returns the tags of a permission: of a bridge the platform's, of the plugin's own what its tools admit."""
    if key in BRIDGE_ACTIONS:
        found = _of_bridge(key)
    else:
        found = {tag for tool in manifest.tools if key in tool.permissions for tag in _of_annotations(tool)}
    return [tag for tag in ORDER if tag in found]


def of_tool(tool: Tool) -> list[str]:
    """Returns the tags of a tool: what its annotations admit, and what the bridges it needs can do."""
    found = _of_annotations(tool).union(*map(_of_bridge, tool.permissions))
    return [tag for tag in ORDER if tag in found]


def _of_bridge(key: str) -> set[str]:
    action = BRIDGE_ACTIONS.get(key)
    return {_TAGS[action.risk]} if action and action.risk in _TAGS else set()


def _of_annotations(tool: Tool) -> set[str]:
    """An author who says nothing of deleting or the open world gets no tag: MCP's defaults would tag every tool."""
    hints, found = tool.annotations, set()
    if not hints.read_only:
        found.add("writes")
        if hints.raw.get("destructiveHint"):
            found.add("deletes")
    if hints.raw.get("openWorldHint"):
        found.add("leaves")
    return found
