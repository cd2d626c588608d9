"""A test call: the real way of a tool call, made by a person, and what came of it in words for the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grants.models import PermissionGrant
from installations.models import Installation
from kasilabs.accounts.models import User
from kasilabs.calls.call import call_tool
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib import ids
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import Call
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool, agent_name


@dataclass(frozen=True, repr=False)
class TestCall:
    """What came of a test call. `output` is the plugin's answer, `violations` is what the input broke."""

    call: Call
    output: Any
    violations: Sequence[SchemaViolation] = ()


def granted_numbers(installation: Installation) -> list[Instance]:
    """Returns the numbers the installation is granted to, which are those a call can be made as."""
    granted = Instance.objects.filter(plugin_grants__installation=installation)
    return list(granted.select_related("organization").order_by("name"))


def suggested_tool(installation: Installation) -> Tool | None:
    """Returns the tool to try first: one that some number has the permissions for, so that the first call can succeed.

    Among those the author's own test comes first, then one that only reads, then any.
    """
    manifest = installation.version.manifest
    test = manifest.configuration_test.tool if manifest.configuration_test else ""
    granted = set(PermissionGrant.objects.filter(grant__installation=installation).values_list("key", flat=True))
    return min(
        manifest.offered_tools,
        key=lambda tool: (not granted.issuperset(tool.permissions), tool.name != test, not tool.annotations.read_only),
        default=None,
    )


def make(
    installation: Installation, number: Instance, tool: Tool, given: dict[str, Any], *, by: User, request_id: str
) -> TestCall:
    """Calls the plugin through every gate, as the agent of this number would. Must run outside of a transaction."""
    name = agent_name(installation.plugin.slug, tool.name)
    call = ToolCall(number, name, given, request_id=request_id, tested_by=by.email)
    result = call_tool(call)
    call.row.refresh_from_db()
    violations = []
    if call.row.gate == Gate.INPUT_SCHEMA:
        violations = tool.input_validator.violations(tool.input_sent_on(given), at="/input")
    return TestCall(call.row, result.document.get("output", call.row.response), violations)


def find_earlier(installation: Installation, public_id: str, *, by: User) -> TestCall | None:
    """Returns a test call this person made, as its row tells it: secrets and phone numbers are left out there."""
    pk = ids.decode(ids.Prefix.CALL, public_id)
    made = Call.objects.filter(organization=installation.organization_id, installation_id=installation.pk)
    call = made.filter(pk=pk, tested_by=by.email).first() if pk else None
    return TestCall(call, call.response) if call else None
