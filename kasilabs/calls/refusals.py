"""How a call is named in the log, and the one row of a call that never left the house.

A refused call makes no customer, but it may be about a known one: what the row keeps hides their number too.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from grants.decision import reasons
from grants.decision.context import InstalledPlugin
from grants.decision.gates import number_suspended
from kasilabs.calls import customer, results
from kasilabs.calls.request import Conversation, Request
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.logs import redact, write
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool

MOST_NAME = 64
"""No tool has a longer name (contracts, section 1); what is longer is unknown and cut in the log."""


def about(
    instance: Instance, request: Request, plugin: InstalledPlugin | None, tool: Tool | None, *, phones: Sequence[str]
) -> write.About:
    """Name a call: by its tool when there is one, else by what the agent called it. `phones` are hidden."""
    named = write.About(
        organization_id=instance.organization_id,
        instance_id=instance.id,
        instance_name=instance.name,
        tool=tool.name if tool else redact.name(request.tool, phones=phones)[:MOST_NAME],
        request_id=redact.name(request.request_id, phones=phones),
        tested_by=request.tested_by,
    )
    if plugin is None or tool is None:
        return named
    return replace(
        named,
        installation_id=plugin.installation.id,
        plugin=plugin.slug,
        plugin_name=plugin.manifest.name,
        version=plugin.installation.version.semver,
        mode=plugin.installation.mode,
    )


def logged(request: Request) -> dict[str, Any]:
    """Return what the log row is asked to keep of a request."""
    return {"tool": request.tool, "input": request.input}


def refuse(
    instance: Instance,
    request: Request,
    refusal: results.Refusal,
    *,
    started: datetime,
    plugin: InstalledPlugin | None = None,
    tool: Tool | None = None,
) -> results.Answer:
    """Write the finished row of a refused call and return the agent's answer."""
    phones = customer.known_phones(instance, request.conversation)
    call = write.refused(
        about(instance, request, plugin, tool, phones=phones),
        request=logged(request),
        hidden=write.Hidden(phones=phones),
        result=refusal.result,
        started=started,
    )
    return refusal.answer(call.public_id)


def refuse_suspended(instance: Instance, request: Request, *, started: datetime) -> results.Answer:
    """Refuse whatever is asked of a suspended number: its state comes before everything else."""
    decision = number_suspended(instance)
    refusal = results.refused(decision, reasons.message(decision), explain_url(instance, request))
    return refuse(instance, request, refusal, started=started)


def refuse_body(
    instance: Instance, document: dict[str, Any], problems: Sequence[SchemaViolation], *, request_id: str
) -> results.Answer:
    """Refuse a body that is JSON but not a call, and leave its row; the state of the number comes first here too."""
    tool, sent = document.get("tool"), document.get("input")
    request = Request(
        tool=_printable(tool)[:MOST_NAME] if isinstance(tool, str) else "",
        input=sent if isinstance(sent, dict) else {},
        conversation=_conversation(document.get("conversation")),
        request_id=request_id,
    )
    started = timezone.now()
    if not instance.is_active:
        return refuse_suspended(instance, request, started=started)
    return refuse(instance, request, results.invalid_body(problems), started=started)


def explain_url(instance: Instance, request: Request) -> str:
    """Return where people signed in can see why: a path with number and tool id only."""
    path = reverse("grants:explain", args=[instance.organization.slug])
    return f"{path}?{urlencode({'number': instance.public_id, 'tool': request.tool})}"


def _printable(text: str) -> str:
    """Return the text without what cannot be printed; PostgreSQL stores no NUL."""
    return "".join(filter(str.isprintable, text))


def _conversation(sent: Any) -> Conversation | None:
    """Return as much of a malformed conversation as helps to hide whom it is about."""
    match sent:
        case {"id": str(external_id), "customer": {"phone": str(phone)}}:
            return Conversation(external_id, phone=phone)
        case {"id": str(external_id)}:
            return Conversation(external_id)
    return None
