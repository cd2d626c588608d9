"""Why a tool or a permission works on a number, or which gate stops it."""

from collections.abc import Iterable
from dataclasses import dataclass

from grants.decision import reasons
from grants.decision.context import DecisionContext, GrantedPlugin, InstalledPlugin
from grants.decision.gates import Decision
from grants.matrix.build import MatrixRow, matrix_rows
from grants.matrix.fixes import Fix, May, find_fix
from grants.matrix.needs import NumberNeed, judge_needs
from installations.models import Installation
from kasilabs.logs.gate_trace import GateResult, GateStep
from kasilabs.logs.gates import QUESTIONS, STANDING, Gate
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import agent_name

PERMISSION_GATES = tuple(
    gate for gate in STANDING if gate not in {Gate.TOOL_GRANT, Gate.REQUIREMENT, Gate.CONFIGURATION}
)
"""The gates that `decide_permission` asks."""


@dataclass(frozen=True)
class Explanation:
    """What the page says about one row on one number. `is_set` is what the cell is set to, whatever the gates say.

    `needs` is what the tool needs there beside the plugin's own grants.
    """

    row: MatrixRow
    plugin: InstalledPlugin
    grant: GrantedPlugin | None
    decision: Decision
    steps: list[GateStep]
    needs: list[NumberNeed]
    fix: Fix | None

    @property
    def message(self) -> str:
        return "" if self.decision.allowed else reasons.message(self.decision)

    @property
    def is_off(self) -> bool:
        """Only the cell itself is in the way."""
        return self.decision.gate is self.row.own_gate

    @property
    def is_set(self) -> bool:
        return self.grant is not None and self.row.name in self.grant.tools | self.grant.permissions

    @property
    def cell(self) -> str:
        """What the button of the cell sends, so that a blocked one can be turned off here too."""
        return f"{self.grant.id.hex}:{self.row.name}" if self.grant else ""


def agent_tool_names(installations: Iterable[Installation]) -> list[str]:
    """Returns the agent-facing names of all tools of an organization, to choose from."""
    names = {
        agent_name(each.plugin.slug, tool.name)
        for each in installations
        for tool in each.version.manifest.offered_tools
    }
    return sorted(names)


def explain_row(instance: Instance, slug: str, name: str, may: May) -> Explanation | None:
    """Explains one tool or permission of a plugin on a number; None when the organization has no such row.

    What stops it has a link for those who `may` mend it.
    """
    context = DecisionContext.load(instance, slug=slug)
    plugin = context.plugin(slug)
    rows = matrix_rows(plugin.manifest) if plugin else []
    row = next((row for row in rows if row.name == name), None)
    if plugin is None or row is None:
        return None
    decision = row.decide(context, plugin)
    steps = [_step(gate, decision) for gate in (STANDING if row.tool else PERMISSION_GATES)]
    needs = plugin.manifest.needs(row.tool.permissions, [row.tool]) if row.tool else []
    return Explanation(
        row=row,
        plugin=plugin,
        grant=context.grants.get(slug),
        decision=decision,
        steps=steps,
        needs=judge_needs(context, needs, may),
        fix=find_fix(decision, context, plugin, may),
    )


def _step(gate: Gate, decision: Decision) -> GateStep:
    if gate is decision.gate:
        return GateStep(gate.value, GateResult.REFUSED, message=reasons.message(decision))
    result = GateResult.PASSED if gate in decision.passed else GateResult.NOT_REACHED
    return GateStep(gate.value, result, QUESTIONS[gate])
