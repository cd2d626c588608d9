"""Writing plugin logs: a row when a call begins, the same row when it ends; a refused call is one finished row.

Everything that could be secret is redacted here, on the way in: what was never written cannot leak.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from kasilabs.lib import ids
from kasilabs.lib.crypto import fields
from kasilabs.lib.db import one_row
from kasilabs.logs import redact
from kasilabs.logs.gates import STANDING, Gate
from kasilabs.logs.models import Call, CallAnswer, CallState

ANSWER_KEPT = timedelta(hours=24)
LOST_GRACE = timedelta(seconds=60)
_ENDING = (
    *("state", "status", "code", "reason", "gate", "detail", "gate_trace", "finished", "lost_after"),
    *("duration_ms", "timings", "plugin_status", "attempts", "response", "response_bytes"),
)
"""The columns that the end of a call fills."""


@dataclass(frozen=True)
class About:
    """What a call is about, with the names as they are now."""

    organization_id: UUID
    instance_id: UUID
    instance_name: str
    tool: str
    installation_id: UUID | None = None
    plugin: str = ""
    plugin_name: str = ""
    version: str = ""
    mode: str = ""
    request_id: str = ""
    tested_by: str = ""


@dataclass(frozen=True)
class Claim:
    """What an open row holds on to: its id, whom it is about, and the index of the idempotency key it takes."""

    call_id: UUID
    timeout_seconds: int
    conversation_id: UUID | None = None
    customer_id: UUID | None = None
    alias: str = ""
    idempotency_index: str | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class Hidden:
    """What must not be readable in a row: secrets of the installation, phone numbers of the customer."""

    secrets: Collection[str] = ()
    phones: Collection[str] = ()


@dataclass(frozen=True)
class CallResult:
    """How a call ended. `status` is what the agent got, `plugin_status` what the plugin answered."""

    state: CallState
    status: int
    code: str = ""
    reason: str = ""
    gate: Gate | None = None
    detail: str = ""
    timings: dict[str, float] = field(default_factory=dict)
    plugin_status: int | None = None
    attempts: int = 0
    response: Any = None
    response_bytes: int | None = None


def opened(about: About, claim: Claim, *, request: dict[str, Any], hidden: Hidden) -> Call:
    """Insert the open row of a call that passed every gate before sending.

    Raises IntegrityError when the number has used this idempotency key before: the row is the claim.
    """
    now = timezone.now()
    call = _row(about, request=request, hidden=hidden, now=now)
    call.id, call.state, call.gate_trace = claim.call_id, CallState.OPEN, gate_trace(None)
    call.conversation_id, call.customer_id, call.alias = claim.conversation_id, claim.customer_id, claim.alias
    call.idempotency_index, call.fingerprint = claim.idempotency_index, claim.fingerprint
    call.lost_after = now + timedelta(seconds=claim.timeout_seconds) + LOST_GRACE
    one_row.insert(call)
    return call


def refused(about: About, *, request: dict[str, Any], hidden: Hidden, result: CallResult, started: datetime) -> Call:
    """Insert the finished row of a call that a gate refused."""
    call = _row(about, request=request, hidden=hidden, now=started)
    call.gate_trace = gate_trace(result.gate)
    _end(call, result, hidden)
    one_row.insert(call)
    return call


def finished(call: Call, result: CallResult, hidden: Hidden) -> bool:
    """Complete an open row. Returns False when it was no longer open: what was lost stays lost."""
    _end(call, result, hidden)
    call.gate_trace = gate_trace(result.gate, after=result.gate is not None or result.state == CallState.SUCCEEDED)
    return one_row.update(call, _ENDING, only_if=("state", CallState.OPEN))


def keep_answer(call: Call, status: int, body: str) -> None:
    """Keep the answer to a call with an idempotency key, sealed, for 24 hours."""
    answer = CallAnswer(call=call, status=status, expires=timezone.now() + ANSWER_KEPT)
    fields.seal(answer, "body", body)
    answer.save(force_insert=True)


def gate_trace(refusing: Gate | None, *, after: bool = False) -> list[dict[str, Any]]:
    """Return the gates that were asked, in order, each with its verdict; the last is the one that refused, if any."""
    asked = [*STANDING, Gate.INPUT_SCHEMA]
    if after:
        asked += [Gate.PLUGIN_AUTH, Gate.RESPONSE]
    if refusing is None:
        return [{"gate": gate.value, "passed": True} for gate in asked]
    before = asked[: asked.index(refusing)] if refusing in asked else []
    return [*({"gate": gate.value, "passed": True} for gate in before), {"gate": refusing.value, "passed": False}]


def _row(about: About, *, request: dict[str, Any], hidden: Hidden, now: datetime) -> Call:
    return Call(
        id=ids.uuid7(),
        organization_id=about.organization_id,
        instance_id=about.instance_id,
        instance_name=about.instance_name,
        installation_id=about.installation_id,
        plugin=about.plugin,
        plugin_name=about.plugin_name,
        version=about.version,
        mode=about.mode,
        tool=about.tool,
        tested_by=about.tested_by,
        request=redact.document(request, secrets=hidden.secrets, phones=hidden.phones),
        request_id=about.request_id,
        created=now,
    )


def _end(call: Call, result: CallResult, hidden: Hidden) -> None:
    call.state, call.status, call.code, call.reason = result.state, result.status, result.code, result.reason
    call.gate = result.gate.value if result.gate else ""
    call.detail, call.timings = result.detail[:500], result.timings
    call.plugin_status, call.attempts = result.plugin_status, result.attempts
    call.response_bytes, call.lost_after = result.response_bytes, None
    if result.response is not None:
        call.response = redact.document(result.response, secrets=hidden.secrets, phones=hidden.phones)
    call.finished = timezone.now()
    call.duration_ms = max(0, round((call.finished - call.created).total_seconds() * 1000))
