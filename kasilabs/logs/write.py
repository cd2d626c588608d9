"""Writing plugin logs: a row when a call begins, the same row when it ends; a refused call is one finished row.

Everything that could be secret is redacted here, on the way in: what was never written cannot leak.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from kasilabs.lib.crypto import fields
from kasilabs.lib.db import one_row
from kasilabs.logs import diagnosis, redact
from kasilabs.logs.gate_trace import gate_trace, gates_asked
from kasilabs.logs.gates import BEFORE_SENDING, BRIDGE_GATES, Gate
from kasilabs.logs.models import Call, CallAnswer, CallState

ANSWER_KEPT = timedelta(hours=24)
LOST_GRACE = timedelta(seconds=60)
MOST_NAME = 64
"""No tool has a longer name (docs/authors/manifest.md); what is longer is unknown and cut."""

COMPLETED = (
    *("state", "status", "code", "reason", "gate", "detail", "gate_trace", "diagnosis", "finished", "lost_after"),
    *("duration_ms", "timings", "plugin_status", "attempts", "response", "response_bytes"),
)
"""The columns that the end of a call fills."""


def insert_open(
    row: Call, *, request: dict[str, Any], timeout_seconds: int, secrets: Collection[str], phones: Collection[str]
) -> None:
    """Inserts the open row of a call that passed every gate before sending.

    Raises IntegrityError when the number has used the row's idempotency key before: the row is the claim.
    """
    row.created = timezone.now()
    row.lost_after = row.created + timedelta(seconds=timeout_seconds) + LOST_GRACE
    row.state, row.gate_trace = CallState.OPEN, gate_trace(BEFORE_SENDING)
    _redact_request(row, request, secrets=secrets, phones=phones)
    one_row.insert(row)


def insert_refused(row: Call, *, asked: Sequence[Gate], request: dict[str, Any], phones: Collection[str]) -> None:
    """Inserts the row of a call that ended before it was sent. The caller has filled in how it ended."""
    row.gate_trace = gate_trace(asked, Gate(row.gate) if row.gate else None)
    row.diagnosis = diagnosis.redacted(row.diagnosis, secrets=(), phones=phones)
    _redact_request(row, request, secrets=(), phones=phones)
    _finish(row)
    one_row.insert(row)


def complete(row: Call, *, response: Any, secrets: Collection[str], phones: Collection[str]) -> bool:
    """Completes an open row. The caller has filled in how the call ended.

    Returns False when the row was no longer open: what was lost stays lost, and what an attempt before has written
    without hearing of it is written (`is_completed`).
    """
    row.gate_trace = gate_trace(gates_asked(row), Gate(row.gate) if row.gate else None)
    row.diagnosis = diagnosis.redacted(row.diagnosis, secrets=secrets, phones=phones)
    if row.state == CallState.DECLINED:
        # Both are the plugin's own words.
        row.reason = redact.short_text(row.reason, secrets=secrets, phones=phones)
        row.detail = redact.short_text(row.detail, secrets=secrets, phones=phones)
    if response is not None:
        row.response = redact.document(response, secrets=secrets, phones=phones)
    _finish(row)
    return one_row.update(row, COMPLETED, only_if=("state", CallState.OPEN))


def is_completed(row: Call) -> bool:
    """Says whether the row stands in the database as it does here."""
    return Call.objects.filter(pk=row.pk, state=row.state).exists()


def insert_bridge(
    row: Call,
    *,
    asked: Sequence[Gate],
    request: dict[str, Any],
    response: dict[str, Any] | None,
    secrets: Collection[str],
    phones: Collection[str],
) -> None:
    """Inserts the row of a bridge request that ended: refused, replayed, or only read. The caller has said how."""
    row.response = None if response is None else redact.document(response, secrets=secrets, phones=phones)
    row.gate_trace = gate_trace(asked, Gate(row.gate) if row.gate else None)
    _redact_request(row, request, secrets=secrets, phones=phones)
    row.key = redact.name(row.key, phones=phones)
    _finish(row)
    one_row.insert(row)


def insert_open_bridge(
    row: Call, *, request: dict[str, Any], lease_seconds: float, secrets: Collection[str], phones: Collection[str]
) -> None:
    """Inserts the open row of a bridge request that claims its key."""
    row.lost_after = timezone.now() + timedelta(seconds=lease_seconds) + LOST_GRACE
    row.state, row.gate_trace = CallState.OPEN, gate_trace(BRIDGE_GATES)
    _redact_request(row, request, secrets=secrets, phones=phones)
    row.key = redact.name(row.key, phones=phones)
    one_row.insert(row)


def complete_bridge(
    call_id: UUID,
    *,
    began: datetime,
    state: CallState,
    status: int,
    response: dict[str, Any],
    phones: Collection[str],
) -> None:
    """Completes the row of the request that claimed a bridge call, also one that was thought to be lost."""
    row = Call(id=call_id, created=began, state=state, status=status)
    row.code, row.detail = response.get("code", ""), response.get("detail", "")
    row.response = redact.document(response, secrets=(), phones=phones)
    _finish(row)
    columns = ("state", "status", "code", "detail", "response", "finished", "lost_after", "duration_ms")
    Call.objects.filter(pk=call_id).update(**{name: getattr(row, name) for name in columns})


def keep_answer(row: Call, status: int, body: str) -> None:
    """Keeps the answer to a call with an idempotency key, sealed, for 24 hours."""
    answer = CallAnswer(call=row, status=status, expires=timezone.now() + ANSWER_KEPT)
    fields.seal(answer, "body", body)
    answer.save(force_insert=True)


def _redact_request(row: Call, request: dict[str, Any], *, secrets: Collection[str], phones: Collection[str]) -> None:
    """Sets what the row keeps of a request, and hides phone numbers in the names the agent has chosen."""
    row.request = redact.document(request, secrets=secrets, phones=phones)
    row.masked = [redact.pointer(each, secrets=secrets, phones=phones) for each in row.masked]
    row.request_id = redact.name(row.request_id, phones=phones)
    if not row.plugin:
        row.tool = redact.name(row.tool, phones=phones)[:MOST_NAME]


def _finish(row: Call) -> None:
    row.finished, row.lost_after = timezone.now(), None
    row.duration_ms = max(0, round((row.finished - row.created).total_seconds() * 1000))
