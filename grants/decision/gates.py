"""The one decision: may this number use this tool now? List, call, matrix, explain page and log all ask here.

Everything asked about was loaded before (`grants.decision.context`): deciding runs no query.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from grants.decision import requirements
from grants.decision.context import DecisionContext, InstalledPlugin
from installations.models import Installation
from kasilabs.logs.gates import STANDING, Gate
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, HIDES_COMMERCE, Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool

NEEDS = frozenset({Gate.TOOLKIT_INSTALLATION, Gate.TOOLKIT_GRANT, Gate.REQUIREMENT})
"""The gates that look at what a plugin needs beside its own grants."""


@dataclass(frozen=True)
class Decision:
    """The answer of the standing gates. `gate` is the one that refused, for `reason`; `params` fill the message."""

    gate: Gate | None = None
    reason: str = ""
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def allowed(self) -> bool:
        return self.gate is None

    @property
    def passed(self) -> tuple[Gate, ...]:
        """The gates that let the call through before the one that refused."""
        return STANDING if self.gate is None else STANDING[: STANDING.index(self.gate)]


_ALLOWED = Decision()


def decide(context: DecisionContext, plugin: InstalledPlugin, tool: Tool) -> Decision:
    """Returns whether the number may call the tool now. The first gate that refuses decides."""
    decision = decide_plugin(context, plugin)
    if not decision.allowed:
        return decision

    grant, number = context.grants[plugin.slug], context.instance.name
    if tool.name not in grant.tools:
        return _refuse(Gate.TOOL_GRANT, "tool_off", tool=tool.name, number=number)

    missing = [key for key in tool.permissions if key not in grant.permissions]
    if missing:
        return _refuse(Gate.PERMISSION_GRANT, "permission_off", permissions=missing, number=number)

    required = plugin.manifest.requirements_of(tool)
    decision = _decide_toolkits(context, required.toolkits)
    if not decision.allowed:
        return decision

    lacking = requirements.unmet(context, required.others)
    if lacking:
        return _refuse(Gate.REQUIREMENT, "requirement_unmet", unmet=lacking, tool=tool.name, number=number)

    if plugin.installation.needs_configuration:
        return _refuse(Gate.CONFIGURATION, "needs_configuration", plugin=plugin.manifest.name)
    if plugin.opened.unreadable:
        fields = list(plugin.opened.unreadable)
        return _refuse(Gate.CONFIGURATION, "secret_unreadable", plugin=plugin.manifest.name, fields=fields)
    return _ALLOWED


def decide_permission(context: DecisionContext, plugin: InstalledPlugin, key: str) -> Decision:
    """Returns whether a permission is in force on the number.

    These are the gates of `decide` that no tool, requirement or configuration is behind; the toolkits are those that
    the permission reaches.
    """
    decision = decide_plugin(context, plugin)
    if not decision.allowed:
        return decision
    if key not in context.grants[plugin.slug].permissions:
        return _refuse(Gate.PERMISSION_GRANT, "permission_off", permissions=[key], number=context.instance.name)
    action = BRIDGE_ACTIONS.get(key)
    return _decide_toolkits(context, action.toolkits if action else ())


def permissions_in_force(context: DecisionContext, plugin: InstalledPlugin) -> list[str]:
    """Returns the keys of the permissions that `decide_permission` allows, in the order of the manifest."""
    keys = (asked.key for asked in plugin.manifest.permissions)
    return [key for key in keys if decide_permission(context, plugin, key).allowed]


def suppressed_toolkits(context: DecisionContext) -> list[str]:
    """Returns the toolkits whose raw tools the agent hides, because a plugin has a commerce bridge in force."""
    in_force = (key for grant in context.grants.values() for key in permissions_in_force(context, grant.plugin))
    return [Toolkit.ECOMMERCE.value] if any(key.startswith(HIDES_COMMERCE) for key in in_force) else []


def decide_plugin(context: DecisionContext, plugin: InstalledPlugin) -> Decision:
    """Returns whether the number may use the plugin at all: the gates before any single tool or permission."""
    installation, name = plugin.installation, plugin.manifest.name
    if not context.instance.is_active:
        return number_suspended(context.instance)

    if installation.state in {Installation.State.SUSPENDED, Installation.State.REMOVED}:
        return _refuse(Gate.ORGANIZATION_INSTALLATION, f"installation_{installation.state}", plugin=name)

    if installation.version.is_quarantined:
        version = installation.version.semver
        return _refuse(Gate.PLUGIN_STATE, "version_quarantined", plugin=name, version=version)

    grant = context.grants.get(plugin.slug)
    if grant is None or grant.plugin is not plugin:
        return _refuse(Gate.INSTANCE_GRANT, "not_granted", plugin=name, number=context.instance.name)
    return _ALLOWED


def number_suspended(instance: Instance) -> Decision:
    """Returns the refusal of a suspended number, for those who can tell without loading anything."""
    return _refuse(Gate.NUMBER, "number_suspended", number=instance.name)


def _decide_toolkits(context: DecisionContext, needed: Iterable[Toolkit]) -> Decision:
    names = [toolkit.value for toolkit in needed]
    missing = [name for name in names if name not in context.installed_toolkits]
    if missing:
        return _refuse(Gate.TOOLKIT_INSTALLATION, "toolkit_not_installed", toolkits=missing)
    missing = [name for name in names if name not in context.granted_toolkits]
    if missing:
        return _refuse(Gate.TOOLKIT_GRANT, "toolkit_not_granted", toolkits=missing, number=context.instance.name)
    return _ALLOWED


def _refuse(gate: Gate, reason: str, **params: Any) -> Decision:
    return Decision(gate, reason, params)
