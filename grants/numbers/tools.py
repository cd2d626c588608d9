"""The plugins of one number with their tools, as the list of its agent holds them or not."""

from dataclasses import dataclass

from grants.decision import reasons
from grants.decision.context import DecisionContext, GrantedPlugin, InstalledPlugin
from grants.decision.gates import Decision, decide, permissions_in_force, suppressed_toolkits
from grants.matrix.fixes import May
from grants.matrix.needs import NumberNeed, judge_needs
from kasilabs.logs.gates import Gate
from kasilabs.toolkits.catalogue import HIDES_COMMERCE
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool, agent_name


@dataclass(frozen=True)
class NumberTool:
    """One tool of a granted plugin; `name` is the one the agent knows it by."""

    name: str
    tool: Tool
    decision: Decision

    @property
    def state(self) -> str:
        """The word for it: on, off, or blocked by something else than its own switch."""
        if self.decision.allowed:
            return "on"
        return "off" if self.decision.gate is Gate.TOOL_GRANT else "blocked"

    @property
    def message(self) -> str:
        return "" if self.decision.allowed else reasons.message(self.decision)


@dataclass(frozen=True)
class NumberPlugin:
    """One plugin that is granted to a number."""

    plugin: InstalledPlugin
    tools: list[NumberTool]
    needs: list[NumberNeed]
    hides_commerce: bool

    @property
    def missing(self) -> list[NumberNeed]:
        return [need for need in self.needs if not need.state.is_met]

    @property
    def on_count(self) -> int:
        return sum(tool.decision.allowed for tool in self.tools)


@dataclass(frozen=True)
class NumberTools:
    """What the agent of a number works with, and by which plugins its own toolkits are suppressed."""

    plugins: list[NumberPlugin]
    suppressed_toolkits: list[str]

    @property
    def hiding_plugins(self) -> list[str]:
        return [each.plugin.manifest.name for each in self.plugins if each.hides_commerce]


def tools_of_number(instance: Instance, may: May) -> NumberTools:
    """Loads the plugins of a number by name; what is missing has a link for those who `may` mend it."""
    context = DecisionContext.load(instance)
    grants = sorted(context.grants.values(), key=lambda grant: grant.plugin.manifest.name.casefold())
    plugins = [_number_plugin(context, grant, may) for grant in grants]
    return NumberTools(plugins, suppressed_toolkits(context))


def _number_plugin(context: DecisionContext, grant: GrantedPlugin, may: May) -> NumberPlugin:
    plugin, manifest = grant.plugin, grant.plugin.manifest
    return NumberPlugin(
        plugin=plugin,
        tools=[
            NumberTool(agent_name(plugin.slug, tool.name), tool, decide(context, plugin, tool))
            for tool in manifest.offered_tools
        ],
        needs=judge_needs(context, manifest.needs(grant.permissions), may),
        hides_commerce=any(key.startswith(HIDES_COMMERCE) for key in permissions_in_force(context, plugin)),
    )
