"""What the agent of a number is offered: the tools whose standing gates pass, in a stable order."""

from dataclasses import dataclass
from operator import attrgetter

from grants.decision import context
from grants.decision.gates import decide
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest, Tool, agent_name


@dataclass(frozen=True)
class Offered:
    """One tool as offered: the tool, where it comes from, and in which mode it would run."""

    name: str
    manifest: Manifest
    tool: Tool
    mode: str


@dataclass(frozen=True)
class Offer:
    """The tools of a number with the toolkits that work there and those whose raw tools the agent hides."""

    instance: Instance
    toolkits: list[str]
    suppressed_toolkits: list[str]
    tools: list[Offered]


def of(instance: Instance) -> Offer:
    """Return what the agent of this number is offered now; ordered by agent-facing name."""
    standing = context.of(instance)
    tools = [
        Offered(agent_name(grant.setup.slug, tool.name), grant.setup.manifest, tool, grant.setup.installation.mode)
        for grant, tool in standing.tools()
        if decide(standing, grant.setup, tool).allowed
    ]
    tools.sort(key=attrgetter("name"))
    return Offer(instance, standing.toolkits, standing.suppressed_toolkits, tools)
