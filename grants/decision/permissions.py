"""Whether a permission is in force on a number: the gates before it, the permission itself, the toolkits it reaches.

A tool asks `grants.decision.gates`; this answers for the permission alone, as its row of the matrix shows it.
"""

from grants.decision.context import Setup, Standing
from grants.decision.gates import Decision, decide
from kasilabs.logs.gates import Gate
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS
from plugins.manifest.document import Annotations, Tool

NO_TOOL = Tool(
    name="",
    title="",
    description="",
    input_schema={},
    output_schema=None,
    permissions=(),
    annotations=Annotations(read_only=True, destructive=False, idempotent=True, open_world=False, raw={}),
    timeout_seconds=0,
    examples=(),
)
"""A tool nobody can grant: asking for it stops at the tool's gate, or at one before it."""


def ground(standing: Standing, setup: Setup) -> Decision | None:
    """Return the refusal of the gates before any single tool or permission, or None when they let through."""
    decision = decide(standing, setup, NO_TOOL)
    return None if decision.gate is Gate.TOOL_GRANT else decision


def decide_permission(standing: Standing, setup: Setup, key: str) -> Decision:
    """Return whether `key` is in force; the gates are those of `decide` without the tool and the configuration."""
    refusal = ground(standing, setup)
    return refusal if refusal else granted_permission(standing, setup, key)


def granted_permission(standing: Standing, setup: Setup, key: str) -> Decision:
    """Decide for a permission whose ground was found good."""
    number = standing.instance.name
    if key not in standing.grants[setup.slug].permissions:
        return Decision(False, Gate.PERMISSION_GRANT, "permission_off", {"permissions": [key], "number": number})
    action = BRIDGE_ACTIONS.get(key)
    needed = [kit.value for kit in action.toolkits] if action else []
    missing = [kit for kit in needed if kit not in standing.installed_toolkits]
    if missing:
        return Decision(False, Gate.TOOLKIT_INSTALLATION, "toolkit_not_installed", {"toolkits": missing})
    missing = [kit for kit in needed if kit not in standing.granted_toolkits]
    if missing:
        return Decision(False, Gate.TOOLKIT_GRANT, "toolkit_not_granted", {"toolkits": missing, "number": number})
    return Decision(True)
