"""What plugins need on a number beside their own grants, how it stands there, and the page that mends it."""

from collections.abc import Iterable
from dataclasses import dataclass

from grants.decision import reasons, requirements
from grants.decision.context import DecisionContext, GrantedPlugin
from grants.decision.gates import NEEDS, Decision, decide
from grants.decision.requirements import RequirementState
from grants.matrix.build import NumberAccess
from grants.matrix.fixes import Fix, May, find_fix, find_requirement_fix
from installations.models import Installation
from kasilabs.whatsapp.models import Instance
from plugins.manifest.requirements import Need


@dataclass(frozen=True)
class NumberNeed:
    """Something a plugin needs, as it stands on one number."""

    need: Need
    state: RequirementState
    fix: Fix | None

    @property
    def text(self) -> str:
        """What is needed, with what is the matter where it does not hold."""
        return str(self.need.requirement) if self.state.is_met else reasons.describe_state(self.state)


def judge_needs(context: DecisionContext, needs: Iterable[Need], may: May) -> list[NumberNeed]:
    """Returns how needs stand on the number of the context; what is missing has a link to who `may` mend it."""
    judged = []
    for need in needs:
        state = requirements.judge(context, need.requirement)
        fix = None if state.is_met else find_requirement_fix(state, context, may)
        judged.append(NumberNeed(need, state, fix))
    return judged


def find_missing(access: NumberAccess, may: May) -> list[NumberNeed]:
    """Returns what a plugin lacks on a number it is granted to."""
    if access.grant is None:
        return []
    needs = access.grant.plugin.manifest.needs(access.grant.permissions)
    return [each for each in judge_needs(access.context, needs, may) if not each.state.is_met]


@dataclass(frozen=True)
class StuckPlugin:
    """A plugin that is installed, active and granted to a number where no tool of it works for want of something."""

    instance: Instance
    plugin: GrantedPlugin
    decision: Decision
    fix: Fix | None

    @property
    def name(self) -> str:
        return self.plugin.plugin.manifest.name

    @property
    def message(self) -> str:
        return reasons.message(self.decision)


def find_stuck_plugins(contexts: Iterable[DecisionContext], may: May) -> list[StuckPlugin]:
    """Returns the plugins of which nothing works on a number, by the names of number and plugin."""
    stuck = []
    for context in contexts:
        for grant in context.grants.values():
            decision = _what_is_in_the_way(context, grant)
            if decision is not None and grant.plugin.installation.state == Installation.State.ACTIVE:
                fix = find_fix(decision, context, grant.plugin, may)
                stuck.append(StuckPlugin(context.instance, grant, decision, fix))
    return sorted(stuck, key=lambda each: (each.instance.name.casefold(), each.name.casefold()))


def _what_is_in_the_way(context: DecisionContext, grant: GrantedPlugin) -> Decision | None:
    """Returns what stops the first tool that lacks something; None where a tool works, or none lacks anything."""
    decision = None
    for tool in grant.plugin.manifest.offered_tools:
        found = decide(context, grant.plugin, tool)
        if found.allowed:
            return None
        if decision is None and found.gate in NEEDS:
            decision = found
    return decision
