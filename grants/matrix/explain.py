"""Why a tool or a permission works on a number, or which gate stops it and what would change that."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision import reasons
from grants.decision.context import DecisionContext, GrantedPlugin, InstalledPlugin
from grants.decision.gates import Decision, decide, decide_permission
from grants.matrix import cells_html
from grants.matrix.build import Line, lines_of
from grants.matrix.filter import Filter
from installations.models import Installation
from kasilabs.accounts.permissions import Permission
from kasilabs.logs.gates import QUESTIONS, STANDING, Gate
from kasilabs.logs.path import Step, Verdict
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import agent_name

OF_PERMISSIONS = tuple(gate for gate in STANDING if gate not in {Gate.TOOL_GRANT, Gate.CONFIGURATION})


@dataclass(frozen=True)
class Fix:
    """The page that would change a refusal, for those who hold `permission`."""

    label: str | Promise
    url: str
    permission: Permission


@dataclass(frozen=True)
class Explanation:
    """What the page says about one row on one number. `is_set` is what the cell is set to, whatever the gates say."""

    line: Line
    plugin: InstalledPlugin
    grant: GrantedPlugin | None
    decision: Decision
    steps: list[Step]
    fix: Fix | None

    @property
    def sentence(self) -> str:
        return "" if self.decision.allowed else reasons.message(self.decision)

    @property
    def is_off(self) -> bool:
        """Only the cell itself is in the way."""
        own = Gate.TOOL_GRANT if self.line.tool else Gate.PERMISSION_GRANT
        return self.decision.gate is own

    @property
    def is_set(self) -> bool:
        return self.grant is not None and self.line.name in self.grant.tools | self.grant.permissions

    @property
    def cell(self) -> str:
        """What the button of the cell sends, so that a blocked one can be turned off here too."""
        return f"{self.grant.id.hex}:{self.line.name}" if self.grant else ""


def tools(installations: list[Installation]) -> list[str]:
    """Return the agent-facing names of all tools of an organization, to choose from."""
    found = {
        agent_name(each.plugin.slug, line.name)
        for each in installations
        for line in lines_of(each.version.manifest)
        if line.tool is not None
    }
    return sorted(found)


def explain(instance: Instance, slug: str, name: str) -> Explanation | None:
    """Explain one tool or permission of a plugin on a number; None when the organization has no such row."""
    context = DecisionContext.load(instance, slug=slug)
    plugin = context.plugin(slug)
    lines = lines_of(plugin.manifest) if plugin else []
    line = next((line for line in lines if line.name == name), None)
    if plugin is None or line is None:
        return None
    decision, gates = _decide(context, plugin, line)
    steps = [_step(gate, decision) for gate in gates]
    return Explanation(line, plugin, context.grants.get(slug), decision, steps, _fix(decision, instance, plugin, lines))


def _decide(context: DecisionContext, plugin: InstalledPlugin, line: Line) -> tuple[Decision, tuple[Gate, ...]]:
    if line.tool is not None:
        return decide(context, plugin, line.tool), STANDING
    return decide_permission(context, plugin, line.name), OF_PERMISSIONS


def _step(gate: Gate, decision: Decision) -> Step:
    if gate is decision.gate:
        return Step(gate.value, Verdict.STOPPED, "", reasons.message(decision))
    verdict = Verdict.PASSED if gate in decision.passed else Verdict.LATER
    return Step(gate.value, verdict, QUESTIONS[gate])


@dataclass(frozen=True)
class _Remedy:
    """The page that changes what one gate looks at. `about` is what its URL names: number, installation or neither."""

    label: str | Promise
    route: str
    about: str
    permission: Permission


_IN_THE_MATRIX = "grants:matrix"
_REMEDIES = {
    Gate.NUMBER: _Remedy(_("Open the number"), "whatsapp:detail", "number", Permission.NUMBERS_VIEW),
    Gate.ORGANIZATION_INSTALLATION: _Remedy(
        _("Open the plugin"), "installations:detail", "installation", Permission.INSTALLATIONS_VIEW
    ),
    Gate.INSTANCE_GRANT: _Remedy(_("Grant it in the matrix"), _IN_THE_MATRIX, "", Permission.GRANTS_CHANGE),
    Gate.TOOL_GRANT: _Remedy(_("Turn it on in the matrix"), _IN_THE_MATRIX, "", Permission.GRANTS_CHANGE),
    Gate.PERMISSION_GRANT: _Remedy(_("Turn it on in the matrix"), _IN_THE_MATRIX, "", Permission.GRANTS_CHANGE),
    Gate.TOOLKIT_INSTALLATION: _Remedy(_("Install the toolkit"), "grants:toolkits", "", Permission.TOOLKITS_CHANGE),
    Gate.TOOLKIT_GRANT: _Remedy(
        _("Grant the toolkit to this number"), "grants:number_toolkits", "number", Permission.GRANTS_CHANGE
    ),
    Gate.CONFIGURATION: _Remedy(
        _("Complete its configuration"),
        "installations:configuration",
        "installation",
        Permission.INSTALLATIONS_CONFIGURE,
    ),
}


def _fix(decision: Decision, instance: Instance, plugin: InstalledPlugin, lines: list[Line]) -> Fix | None:
    """Lead to the page of the gate that refused; a quarantine only KasiLabs can lift, so it has none."""
    remedy = _REMEDIES.get(decision.gate) if decision.gate else None
    if remedy is None:
        return None
    ids = {"number": [instance.public_id], "installation": [plugin.installation.public_id]}
    url = reverse(remedy.route, args=[instance.organization.slug, *ids.get(remedy.about, [])])
    if remedy.route == _IN_THE_MATRIX:
        url += f"?{Filter(plugin=plugin.slug, number=instance.public_id).query}"
        url += f"#{_cell(decision, instance, plugin, lines)}"
    return Fix(remedy.label, url, remedy.permission)


def _cell(decision: Decision, instance: Instance, plugin: InstalledPlugin, lines: list[Line]) -> str:
    """Return the anchor of the cell that is off: the tool's, the first permission that lacks, or the plugin's own."""
    off = [decision.params.get("tool"), *decision.params.get("permissions", [])]
    found = next((line for line in lines if line.name in off), None)
    if found is None:
        return cells_html.stem(instance, plugin.installation)
    return cells_html.anchor(instance, plugin.installation, found.index)
