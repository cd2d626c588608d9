"""The gates on the way of a call, in order, with the words people read."""

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Gate(StrEnum):
    """One check. A refusal names it, in answers, logs and pages alike."""

    AGENT_KEY = "agent_key"
    NUMBER = "number"
    ORGANIZATION_INSTALLATION = "organization_installation"
    PLUGIN_STATE = "plugin_state"
    INSTANCE_GRANT = "instance_grant"
    TOOL_GRANT = "tool_grant"
    PERMISSION_GRANT = "permission_grant"
    TOOLKIT_INSTALLATION = "toolkit_installation"
    TOOLKIT_GRANT = "toolkit_grant"
    REQUIREMENT = "requirement"
    CONFIGURATION = "configuration"
    INPUT_SCHEMA = "input_schema"
    APPROVAL = "approval"
    RATE_LIMIT = "rate_limit"
    CIRCUIT = "circuit"
    CONCURRENCY = "concurrency"
    PLUGIN_AUTH = "plugin_auth"
    BUSINESS = "business"
    RESPONSE = "response"


STANDING: tuple[Gate, ...] = (
    Gate.NUMBER,
    Gate.ORGANIZATION_INSTALLATION,
    Gate.PLUGIN_STATE,
    Gate.INSTANCE_GRANT,
    Gate.TOOL_GRANT,
    Gate.PERMISSION_GRANT,
    Gate.TOOLKIT_INSTALLATION,
    Gate.TOOLKIT_GRANT,
    Gate.REQUIREMENT,
    Gate.CONFIGURATION,
)
"""All that `grants.decision.gates` answers, in this order."""

BEFORE_SENDING: tuple[Gate, ...] = (*STANDING, Gate.INPUT_SCHEMA, Gate.CONCURRENCY)
"""What a call passes before it is sent."""

CALL_GATES: tuple[Gate, ...] = (*BEFORE_SENDING, Gate.PLUGIN_AUTH, Gate.BUSINESS, Gate.RESPONSE)
"""What a call passes until its answer goes to the agent."""


BRIDGE_GATES: tuple[Gate, ...] = (
    Gate.NUMBER,
    Gate.ORGANIZATION_INSTALLATION,
    Gate.PLUGIN_STATE,
    Gate.INSTANCE_GRANT,
    Gate.PERMISSION_GRANT,
    Gate.TOOLKIT_INSTALLATION,
    Gate.TOOLKIT_GRANT,
    Gate.CONFIGURATION,
    Gate.RATE_LIMIT,
    Gate.INPUT_SCHEMA,
)
"""What a bridge request passes before its key is claimed: no tool is between a plugin and the platform."""

QUESTIONS: dict[Gate, str | Promise] = {
    Gate.AGENT_KEY: _("The agent's key is valid"),
    Gate.NUMBER: _("The number is active"),
    Gate.ORGANIZATION_INSTALLATION: _("The plugin is installed and not suspended"),
    Gate.PLUGIN_STATE: _("The version is not in quarantine"),
    Gate.INSTANCE_GRANT: _("The plugin is granted to this number"),
    Gate.TOOL_GRANT: _("The tool is on for this number"),
    Gate.PERMISSION_GRANT: _("Every permission the tool needs is on"),
    Gate.TOOLKIT_INSTALLATION: _("The toolkits it needs are installed"),
    Gate.TOOLKIT_GRANT: _("The toolkits it needs are granted to this number"),
    Gate.REQUIREMENT: _("What else it requires holds on this number"),
    Gate.CONFIGURATION: _("The configuration is complete and every secret opens"),
    Gate.INPUT_SCHEMA: _("The input fits the tool's schema"),
    Gate.APPROVAL: _("A person agreed"),
    Gate.RATE_LIMIT: _("Not too many calls"),
    Gate.CIRCUIT: _("The plugin has not been failing"),
    Gate.CONCURRENCY: _("There is a free place for the call"),
    Gate.PLUGIN_AUTH: _("The plugin accepts the platform's token"),
    Gate.BUSINESS: _("The plugin does not decline"),
    Gate.RESPONSE: _("The answer is safe and fits the schema"),
}
"""What each gate asks, for pages."""
