"""What the agent of a number is offered: the tools whose standing gates pass, in a stable order."""

from dataclasses import dataclass
from operator import attrgetter

from grants.decision.context import DecisionContext
from grants.decision.gates import decide, suppressed_toolkits
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest, Tool, agent_name


@dataclass(frozen=True)
class OfferedTool:
    """One tool as the agent knows it, the manifest it comes from, and the mode it would run in."""

    name: str
    manifest: Manifest
    tool: Tool
    mode: str


@dataclass(frozen=True)
class ToolList:
    """The tools of a number with the toolkits that work there and those whose raw tools the agent hides."""

    instance: Instance
    toolkits: list[str]
    suppressed_toolkits: list[str]
    tools: list[OfferedTool]

    @classmethod
    def for_instance(cls, instance: Instance) -> "ToolList":
        """Returns what the agent of this number is offered now, ordered by agent-facing name."""
        context = DecisionContext.load(instance)
        tools = [
            OfferedTool(agent_name(plugin.slug, tool.name), plugin.manifest, tool, plugin.installation.mode)
            for plugin, tool in context.tools()
            if decide(context, plugin, tool).allowed
        ]
        tools.sort(key=attrgetter("name"))
        return cls(instance, context.toolkits, suppressed_toolkits(context), tools)
