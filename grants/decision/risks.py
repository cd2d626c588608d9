"""What a tool or a permission touches, as the risk tags on screen say it. Pure: a manifest and the catalogue."""

from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, Risk
from plugins.manifest.document import Tool

ORDER = ("writes", "leaves", "money", "contacts")
_TAGS = {Risk.WRITES: "writes", Risk.MONEY: "money", Risk.CONTACTS: "contacts"}


def of_permission(key: str) -> list[str]:
    """Returns the tags of a bridge permission; what a plugin-owned permission touches only its author knows."""
    action = BRIDGE_ACTIONS.get(key)
    return [_TAGS[action.risk]] if action and action.risk in _TAGS else []


def of_tool(tool: Tool) -> list[str]:
    """Returns the tags of a tool: what its annotations admit, and what the bridges it needs can do.

    An author who says nothing about the open world gets no tag: MCP's default would tag every tool.
    """
    found = {tag for key in tool.permissions for tag in of_permission(key)}
    if not tool.annotations.read_only:
        found.add("writes")
    if tool.annotations.raw.get("openWorldHint"):
        found.add("leaves")
    return [tag for tag in ORDER if tag in found]
