"""A test call: the real way of a tool call, made by a person, and what came of it in words for the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from grants.models import PermissionGrant
from installations.models import Installation
from kasilabs.accounts.models import User
from kasilabs.calls import call as calls
from kasilabs.calls.request import Request
from kasilabs.lib import ids
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.logs import path
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import Call
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool, agent_name


@dataclass(frozen=True, repr=False)
class Trial:
    """What came of a test call. `output` is the plugin's answer, `problems` is what the input broke."""

    call: Call
    output: Any
    problems: Sequence[SchemaViolation] = ()

    @property
    def sentence(self) -> str:
        return str(path.summary(self.call))


def numbers(installation: Installation) -> list[Instance]:
    """Return the numbers the installation is granted to, which are those a call can be made as."""
    granted = Instance.objects.filter(plugin_grants__installation=installation)
    return list(granted.select_related("organization").order_by("name"))


def first(installation: Installation) -> Tool | None:
    """Return the tool to try first: one that some number has the permissions for, so that the first call can succeed;
    among those the author's own test, else one that only reads, else any.
    """
    manifest, granted = installation.version.manifest, _permissions(installation)
    test = manifest.configuration_test.tool if manifest.configuration_test else ""
    offered = sorted(
        manifest.offered_tools,
        key=lambda tool: (not granted.issuperset(tool.permissions), tool.name != test, not tool.annotations.read_only),
    )
    return offered[0] if offered else None


def _permissions(installation: Installation) -> set[str]:
    """Return the permissions that are on for any number."""
    return set(PermissionGrant.objects.filter(grant__installation=installation).values_list("key", flat=True))


def run(
    installation: Installation, number: Instance, tool: Tool, given: dict[str, Any], *, by: User, request_id: str
) -> Trial:
    """Call the plugin through every gate, as the agent of this number would. Must run outside of a transaction."""
    name = agent_name(installation.plugin.slug, tool.name)
    answer = calls.call_tool(number, Request(name, given, request_id=request_id, tested_by=by.email))
    call = Call.objects.get(pk=cast(UUID, ids.decode(ids.Prefix.CALL, answer.document["id"])))
    problems = tool.input_validator.violations(given, at="/input") if call.gate == Gate.INPUT_SCHEMA else []
    return Trial(call, answer.document.get("output", call.response), problems)


def earlier(installation: Installation, public_id: str, by: User) -> Trial | None:
    """Find a test call this person made, as its row tells it: secrets and phone numbers are left out there."""
    pk = ids.decode(ids.Prefix.CALL, public_id)
    made = Call.objects.filter(organization=installation.organization_id, installation_id=installation.pk)
    call = made.filter(pk=pk, tested_by=by.email).first() if pk else None
    return Trial(call, call.response) if call else None
