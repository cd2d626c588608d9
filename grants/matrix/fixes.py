"""The page that would change a refusal: each gate has one, and each thing that a requirement lacks."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision.context import DecisionContext, InstalledPlugin
from grants.decision.gates import Decision
from grants.decision.requirements import Lack, RequirementState
from grants.matrix.build import matrix_rows
from grants.matrix.cells_html import cell_id, header_id
from grants.matrix.filter import MatrixFilter
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import ids
from kasilabs.logs.gates import Gate
from kasilabs.whatsapp.models import Instance
from plugins.manifest.requirements import RequirementKind


@dataclass(frozen=True)
class Fix:
    """The page that would change a refusal; `permission` is what it takes there."""

    label: str | Promise
    url: str
    permission: Permission


@dataclass(frozen=True)
class _FixPage:
    """The page that changes something. `about` is what its URL names: number, installation or neither."""

    label: str | Promise
    route: str
    about: str
    permission: Permission

    def fix(self, instance: Instance, installation: str = "", *, suffix: str = "") -> Fix:
        """Returns where the page is for a number and an installation, by public id; `suffix` follows its path."""
        names = {"number": [instance.public_id], "installation": [installation]}
        url = reverse(self.route, args=[instance.organization.slug, *names.get(self.about, [])])
        return Fix(self.label, url + suffix, self.permission)


_INSTALLATION = _FixPage(_("Open the plugin"), "installations:detail", "installation", Permission.INSTALLATIONS_VIEW)
_INSTALL = _FixPage(_("Install it from the developer area"), "plugins:list", "", Permission.INSTALLATIONS_INSTALL)
_GRANT = _FixPage(_("Grant it in the matrix"), "grants:matrix", "", Permission.GRANTS_CHANGE)
_TURN_ON = _FixPage(_("Turn it on in the matrix"), "grants:matrix", "", Permission.GRANTS_CHANGE)
_INSTALL_TOOLKIT = _FixPage(_("Install the toolkit"), "grants:toolkits", "", Permission.TOOLKITS_CHANGE)
_GRANT_TOOLKIT = _FixPage(
    _("Grant the toolkit to this number"), "grants:number_toolkits", "number", Permission.GRANTS_CHANGE
)
_ANSWERERS = _FixPage(_("Name who answers its chats"), "whatsapp:detail", "number", Permission.NUMBERS_CHANGE)
_OF_GATES = {
    Gate.NUMBER: _FixPage(_("Open the number"), "whatsapp:detail", "number", Permission.NUMBERS_VIEW),
    Gate.ORGANIZATION_INSTALLATION: _INSTALLATION,
    Gate.INSTANCE_GRANT: _GRANT,
    Gate.TOOL_GRANT: _TURN_ON,
    Gate.PERMISSION_GRANT: _TURN_ON,
    Gate.TOOLKIT_INSTALLATION: _INSTALL_TOOLKIT,
    Gate.TOOLKIT_GRANT: _GRANT_TOOLKIT,
    Gate.CONFIGURATION: _FixPage(
        _("Complete its configuration"),
        "installations:configuration",
        "installation",
        Permission.INSTALLATIONS_CONFIGURE,
    ),
}


May = Callable[[Permission], bool]
"""Says whether the person who looks holds a permission."""


def find_fix(decision: Decision, context: DecisionContext, plugin: InstalledPlugin, may: May) -> Fix | None:
    """Returns the page of the gate that refused, if the person may change it there.

    Only KasiLabs can lift a quarantine, so that has none.
    """
    if decision.gate is Gate.REQUIREMENT:
        return find_requirement_fix(decision.params["unmet"][0], context, may)
    page = _OF_GATES.get(decision.gate) if decision.gate else None
    if page is None or not may(page.permission):
        return None
    suffix = ""
    if page in (_GRANT, _TURN_ON):
        # The cell that is off: the tool's, that of the first permission that is missing, or the plugin's own.
        off = [decision.params.get("tool"), *decision.params.get("permissions", [])]
        row = next((row for row in matrix_rows(plugin.manifest) if row.name in off), None)
        place = context.instance, plugin.installation
        anchor = cell_id(*place, row) if row else header_id(*place)
        suffix = f"?{_matrix_query(context, plugin.slug)}#{anchor}"
    return page.fix(context.instance, plugin.installation.public_id, suffix=suffix)


def find_requirement_fix(state: RequirementState, context: DecisionContext, may: May) -> Fix | None:
    """Returns the page that mends the first part of a requirement that does not hold and that the person may mend."""
    fixes = (_find_part_fix(part, context) for part in state.parts if part.lack)
    return next((fix for fix in fixes if fix and may(fix.permission)), None)


def _find_part_fix(part: RequirementState, context: DecisionContext) -> Fix | None:
    number, name = context.instance, part.requirement.name
    match part.requirement.kind, part.lack:
        case RequirementKind.ACCESS, _lack:
            return _ANSWERERS.fix(number, suffix="#answerers")
        case RequirementKind.TOOLKIT, Lack.NOT_INSTALLED:
            return _INSTALL_TOOLKIT.fix(number)
        case RequirementKind.TOOLKIT, _lack:
            return _GRANT_TOOLKIT.fix(number)
        case _kind, Lack.NOT_INSTALLED:
            return _INSTALL.fix(number)
        case _kind, Lack.NOT_GRANTED:
            return _GRANT.fix(number, suffix=f"?{_matrix_query(context, name)}")
        case _kind, Lack.QUARANTINED:
            return None
    return _INSTALLATION.fix(number, ids.encode(ids.Prefix.INSTALLATION, context.granted_others[name].id))


def _matrix_query(context: DecisionContext, slug: str) -> str:
    return MatrixFilter(plugin=slug, number=context.instance.public_id).query_string
