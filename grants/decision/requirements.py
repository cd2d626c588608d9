"""Whether what a plugin requires holds on a number, and what is missing where it does not. Runs no query."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from grants.decision.context import DecisionContext
from installations.models import Installation
from plugins.manifest.requirements import Requirement, RequirementKind


class Lack(StrEnum):
    """Why a single requirement does not hold."""

    NOT_INSTALLED = "not_installed"
    NOT_GRANTED = "not_granted"
    QUARANTINED = "quarantined"
    SUSPENDED = "suspended"
    NEEDS_CONFIGURATION = "needs_configuration"
    NOBODY_ANSWERS = "nobody_answers"


@dataclass(frozen=True)
class RequirementState:
    """One requirement as it stands on a number. `lack` is None where it holds, and where `alternatives` say more."""

    requirement: Requirement
    lack: Lack | None = None
    alternatives: tuple["RequirementState", ...] = ()

    @property
    def is_met(self) -> bool:
        if self.alternatives:
            return any(each.is_met for each in self.alternatives)
        return self.lack is None

    @property
    def parts(self) -> tuple["RequirementState", ...]:
        """The single requirements it consists of: itself, or its alternatives."""
        return self.alternatives or (self,)


_LACKS = {
    Installation.State.ACTIVE: None,
    Installation.State.NEEDS_CONFIGURATION: Lack.NEEDS_CONFIGURATION,
    Installation.State.SUSPENDED: Lack.SUSPENDED,
}


def judge(context: DecisionContext, requirement: Requirement) -> RequirementState:
    """Returns how a requirement stands on the number of the context."""
    match requirement.kind:
        case RequirementKind.ANY_OF:
            return RequirementState(
                requirement, alternatives=tuple(judge(context, each) for each in requirement.any_of)
            )
        case RequirementKind.TOOLKIT:
            lack = _lack_of_toolkit(context, requirement.name)
        case RequirementKind.PLUGIN:
            lack = _lack_of_plugin(context, requirement.name)
        case RequirementKind.ACCESS:
            lack = None if context.is_chat_answered else Lack.NOBODY_ANSWERS
    return RequirementState(requirement, lack)


def unmet(context: DecisionContext, requirements: Iterable[Requirement]) -> list[RequirementState]:
    """Returns those that do not hold, in their order."""
    states = (judge(context, requirement) for requirement in requirements)
    return [state for state in states if not state.is_met]


def _lack_of_toolkit(context: DecisionContext, toolkit: str) -> Lack | None:
    if toolkit not in context.installed_toolkits:
        return Lack.NOT_INSTALLED
    return None if toolkit in context.granted_toolkits else Lack.NOT_GRANTED


def _lack_of_plugin(context: DecisionContext, slug: str) -> Lack | None:
    """A required plugin is granted in either mode, active and not quarantined; its own requirements are not asked."""
    if slug not in context.others:
        return Lack.NOT_INSTALLED
    granted = context.granted_others.get(slug)
    if granted is None:
        return Lack.NOT_GRANTED
    if granted.is_quarantined:
        return Lack.QUARANTINED
    return _LACKS[granted.state]
