"""The one decision: may this number use this tool now? List, call, matrix, explain page and log all ask here.

What it needs was loaded before (`grants.decision.context`), so that deciding asks no database.
"""

from dataclasses import dataclass, field
from typing import Any

from grants.decision.context import Granted, Setup, Standing
from installations.models import Installation
from kasilabs.logs.gates import STANDING, Gate
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool
from plugins.models import Version


@dataclass(frozen=True)
class Decision:
    """The answer of the standing gates. When it is no, `gate` refused for `reason`, and `facts` fill its sentence."""

    allowed: bool
    gate: Gate | None = None
    reason: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> tuple[Gate, ...]:
        """The gates that let the call through before the one that refused."""
        return STANDING if self.gate is None else STANDING[: STANDING.index(self.gate)]


_YES = Decision(True)


def decide(standing: Standing, setup: Setup, tool: Tool) -> Decision:
    """Ask the standing gates in order; the first that refuses decides."""
    grant = standing.grants.get(setup.slug)
    if grant is not None and grant.setup is not setup:
        grant = None
    for gate, ask in _GATES:
        refusal = ask(standing, setup, grant, tool)
        if refusal is not None:
            return Decision(False, gate, refusal[0], refusal[1])
    return _YES


def suspended(instance: Instance) -> Decision:
    """Return the refusal of a suspended number, which needs nothing to be loaded."""
    return Decision(False, Gate.NUMBER, "number_suspended", {"number": instance.name})


Refusal = tuple[str, dict[str, Any]] | None
_STOPPED = frozenset({Installation.State.SUSPENDED, Installation.State.REMOVED})


def _number(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    return None if standing.instance.is_active else ("number_suspended", {"number": standing.instance.name})


def _organization_installation(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    state = setup.installation.state
    if state in _STOPPED:
        return f"installation_{state}", {"plugin": setup.manifest.name}
    return None


def _plugin_state(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    version = setup.installation.version
    if version.state == Version.State.QUARANTINED:
        return "version_quarantined", {"plugin": setup.manifest.name, "version": version.semver}
    return None


def _instance_grant(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    if grant is None:
        return "not_granted", {"plugin": setup.manifest.name, "number": standing.instance.name}
    return None


def _tool_grant(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    if grant is None or tool.name not in grant.tools:
        return "tool_off", {"tool": tool.name, "number": standing.instance.name}
    return None


def _permission_grant(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    held = grant.permissions if grant else set()
    lacking = [key for key in tool.permissions if key not in held]
    return ("permission_off", {"permissions": lacking, "number": standing.instance.name}) if lacking else None


def _toolkit_installation(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    lacking = [kit.value for kit in setup.manifest.required_toolkits if kit.value not in standing.installed_toolkits]
    return ("toolkit_not_installed", {"toolkits": lacking}) if lacking else None


def _toolkit_grant(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    lacking = [kit.value for kit in setup.manifest.required_toolkits if kit.value not in standing.granted_toolkits]
    return ("toolkit_not_granted", {"toolkits": lacking, "number": standing.instance.name}) if lacking else None


def _configuration(standing: Standing, setup: Setup, grant: Granted | None, tool: Tool) -> Refusal:  # noqa: ARG001
    if setup.installation.state == Installation.State.NEEDS_CONFIGURATION:
        return "needs_configuration", {"plugin": setup.manifest.name}
    if setup.opened.unreadable:
        return "secret_unreadable", {"plugin": setup.manifest.name, "fields": list(setup.opened.unreadable)}
    return None


_GATES = (
    (Gate.NUMBER, _number),
    (Gate.ORGANIZATION_INSTALLATION, _organization_installation),
    (Gate.PLUGIN_STATE, _plugin_state),
    (Gate.INSTANCE_GRANT, _instance_grant),
    (Gate.TOOL_GRANT, _tool_grant),
    (Gate.PERMISSION_GRANT, _permission_grant),
    (Gate.TOOLKIT_INSTALLATION, _toolkit_installation),
    (Gate.TOOLKIT_GRANT, _toolkit_grant),
    (Gate.CONFIGURATION, _configuration),
)
