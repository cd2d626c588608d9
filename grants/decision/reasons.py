"""What a refusal says to people and agents: one message for each reason of a decision, with its params filled in."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision.gates import Decision
from grants.decision.requirements import Lack, RequirementState
from plugins.manifest.requirements import OR

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
    "requirement_unmet": _("{number} lacks what {tool} requires: {unmet}."),
    "needs_configuration": _("{plugin} needs configuration before its tools work."),
    "secret_unreadable": _("A stored secret of {plugin} cannot be opened and must be entered again."),
}


def message(decision: Decision) -> str:
    """Returns why a decision refused, safe to show to an agent: names and keys, no secret, no address."""
    texts = {name: _text(value) for name, value in decision.params.items()}
    return str(MESSAGES[decision.reason]).format(**texts)


def _text(value: Any) -> str:
    match value:
        case [RequirementState(), *_rest]:
            return "; ".join(map(describe_state, value))
        case list():
            return ", ".join(value)
    return str(value)


LACKS: dict[Lack, str | Promise] = {
    Lack.NOT_INSTALLED: _("not installed"),
    Lack.NOT_GRANTED: _("not granted"),
    Lack.QUARANTINED: _("in quarantine"),
    Lack.SUSPENDED: _("suspended"),
    Lack.NEEDS_CONFIGURATION: _("needs configuration"),
    Lack.NOBODY_ANSWERS: _("nobody is named"),
}


def describe_state(state: RequirementState) -> str:
    """Returns what is required, and behind each part that does not hold what is the matter with it."""
    texts = [f"{part.requirement} ({LACKS[part.lack]})" if part.lack else str(part.requirement) for part in state.parts]
    return str(OR).join(texts)
