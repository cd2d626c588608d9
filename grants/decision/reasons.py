"""What a refusal says to people and agents: one message for each reason of a decision, with its params filled in."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision.gates import Decision

MESSAGES: dict[str, str | Promise] = {
    "number_suspended": _("{number} is suspended."),
    "installation_suspended": _("{plugin} is suspended for this organization."),
    "installation_removed": _("{plugin} was removed from this organization."),
    "version_quarantined": _("{plugin} {version} is in quarantine."),
    "not_granted": _("{plugin} is not granted to {number}."),
    "tool_off": _("The tool {tool} is off for {number}."),
    "permission_off": _("{number} has not been given {permissions}."),
    "toolkit_not_installed": _("Not installed for this organization: {toolkits}."),
    "toolkit_not_granted": _("Not granted to {number}: {toolkits}."),
    "needs_configuration": _("{plugin} needs configuration before its tools work."),
    "secret_unreadable": _("A stored secret of {plugin} cannot be opened and must be entered again."),
}


def message(decision: Decision) -> str:
    """Returns why a decision refused, safe to show to an agent: names and keys, no secret, no address."""
    texts = {name: ", ".join(each) if isinstance(each, list) else each for name, each in decision.params.items()}
    return str(MESSAGES[decision.reason]).format(**texts)
