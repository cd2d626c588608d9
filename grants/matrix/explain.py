"""Why a tool or a permission works on a number, or which gate stops it and what would change that."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision import reasons
from grants.decision.context import DecisionContext, GrantedPlugin, InstalledPlugin
from grants.decision.gates import Decision
from grants.matrix.build import MatrixRow, matrix_rows
from grants.matrix.cells_html import cell_id, header_id
from grants.matrix.filter import MatrixFilter
from installations.models import Installation
from kasilabs.accounts.permissions import Permission
from kasilabs.logs.gate_trace import GateResult, GateStep
from kasilabs.logs.gates import QUESTIONS, STANDING, Gate
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import agent_name

PERMISSION_GATES = tuple(gate for gate in STANDING if gate not in {Gate.TOOL_GRANT, Gate.CONFIGURATION})
"""The gates that `decide_permission` asks."""


@dataclass(frozen=True)
class Fix:
    """The page that would change a refusal, for those who hold `permission`."""

    label: str | Promise
    url: str
    permission: Permission


@dataclass(frozen=True)
class Explanation:
    """What the page says about one row on one number. `is_set` is what the cell is set to, whatever the gates say."""

    row: MatrixRow
    plugin: InstalledPlugin
    grant: GrantedPlugin | None
    decision: Decision
    steps: list[GateStep]
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


def explain_row(instance: Instance, slug: str, name: str) -> Explanation | None:
    """Explains one tool or permission of a plugin on a number; None when the organization has no such row."""
    context = DecisionContext.load(instance, slug=slug)
    plugin = context.plugin(slug)
    rows = matrix_rows(plugin.manifest) if plugin else []
    row = next((row for row in rows if row.name == name), None)
    if plugin is None or row is None:
        return None
    decision = row.decide(context, plugin)
    steps = [_step(gate, decision) for gate in (STANDING if row.tool else PERMISSION_GATES)]
    return Explanation(row, plugin, context.grants.get(slug), decision, steps, _find_fix(decision, instance, plugin))


def _step(gate: Gate, decision: Decision) -> GateStep:
    if gate is decision.gate:
        return GateStep(gate.value, GateResult.REFUSED, message=reasons.message(decision))
    result = GateResult.PASSED if gate in decision.passed else GateResult.NOT_REACHED
    return GateStep(gate.value, result, QUESTIONS[gate])


@dataclass(frozen=True)
class _FixPage:
    """The page that changes what one gate looks at. `about` is what its URL names: number, installation or neither."""

    label: str | Promise
    route: str
    about: str
    permission: Permission


_MATRIX = "grants:matrix"
_FIX_PAGES = {
    Gate.NUMBER: _FixPage(_("Open the number"), "whatsapp:detail", "number", Permission.NUMBERS_VIEW),
    Gate.ORGANIZATION_INSTALLATION: _FixPage(
        _("Open the plugin"), "installations:detail", "installation", Permission.INSTALLATIONS_VIEW
    ),
    Gate.INSTANCE_GRANT: _FixPage(_("Grant it in the matrix"), _MATRIX, "", Permission.GRANTS_CHANGE),
    Gate.TOOL_GRANT: _FixPage(_("Turn it on in the matrix"), _MATRIX, "", Permission.GRANTS_CHANGE),
    Gate.PERMISSION_GRANT: _FixPage(_("Turn it on in the matrix"), _MATRIX, "", Permission.GRANTS_CHANGE),
    Gate.TOOLKIT_INSTALLATION: _FixPage(_("Install the toolkit"), "grants:toolkits", "", Permission.TOOLKITS_CHANGE),
    Gate.TOOLKIT_GRANT: _FixPage(
        _("Grant the toolkit to this number"), "grants:number_toolkits", "number", Permission.GRANTS_CHANGE
    ),
    Gate.CONFIGURATION: _FixPage(
        _("Complete its configuration"),
        "installations:configuration",
        "installation",
        Permission.INSTALLATIONS_CONFIGURE,
    ),
}


def _find_fix(decision: Decision, instance: Instance, plugin: InstalledPlugin) -> Fix | None:
    """Returns the page of the gate that refused. Only KasiLabs can lift a quarantine, so it has none."""
    page = _FIX_PAGES.get(decision.gate) if decision.gate else None
    if page is None:
        return None
    ids = {"number": [instance.public_id], "installation": [plugin.installation.public_id]}
    url = reverse(page.route, args=[instance.organization.slug, *ids.get(page.about, [])])
    if page.route == _MATRIX:
        # The cell that is off: the tool's, that of the first permission that is missing, or the plugin's own.
        off = [decision.params.get("tool"), *decision.params.get("permissions", [])]
        row = next((row for row in matrix_rows(plugin.manifest) if row.name in off), None)
        place = instance, plugin.installation
        anchor = cell_id(*place, row) if row else header_id(*place)
        url += f"?{MatrixFilter(plugin=plugin.slug, number=instance.public_id).query_string}#{anchor}"
    return Fix(page.label, url, page.permission)
