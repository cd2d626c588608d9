"""Every way a call can end: its status, its code, and what the log row says of it.

Details are safe to show to an agent: no stack trace, no secret, no address.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision import reasons
from grants.decision.gates import Decision
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import Call, CallState

_FAULTS: dict[str, tuple[int, str | Promise]] = {
    "plugin_timeout": (504, _("The plugin did not answer in time.")),
    "plugin_error": (502, _("The plugin could not carry this out.")),
    "invalid_response": (502, _("The plugin answered with something that is not allowed here.")),
    "unsafe_response": (502, _("The plugin's answer was held back because it contained something private.")),
}
_REASONS: dict[str, str | Promise] = {
    "unreachable": _("The plugin cannot be reached."),
    "tls": _("No secure connection to the plugin could be made."),
    "blocked_address": _("The plugin's address is not allowed."),
    "redirect": _("The plugin answered with a redirect, which is never followed."),
    "http_status": _("The plugin answered with an error."),
    "too_large": _("The plugin's answer is larger than 64 KiB."),
    "encoding": _("The plugin's answer is compressed, which is not allowed."),
    "broken": _("The plugin's answer breaks off or is not HTTP."),
    "not_json": _("The plugin's answer is not one JSON object."),
    "output_schema": _("The plugin's answer does not fit the schema it declares."),
}


@dataclass(frozen=True, repr=False)
class CallResult:
    """How a call ended: what its row says about it, and the document the agent gets.

    `row` is the row that the document names, `members` are its further members, `retry_after` is in seconds. `stored`
    is the document of the first call with the same idempotency key.
    """

    state: CallState
    status: int
    code: str = ""
    reason: str = ""
    gate: Gate | None = None
    detail: str | Promise = ""
    row: Call | None = None
    members: dict[str, Any] = field(default_factory=dict)
    retry_after: int | None = None
    stored: dict[str, Any] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object the agent gets; a problem document (RFC 9457) unless the call succeeded."""
        if self.stored is not None:
            return self.stored
        if self.row and self.state == CallState.SUCCEEDED:
            row_id, duration = self.row.public_id, self.row.duration_ms
            return {"id": row_id, "status": "succeeded", **self.members, "durationMs": duration}
        document = {
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": str(self.detail),
            "code": self.code,
            "gate": self.gate.value if self.gate else None,
            "id": self.row.public_id if self.row else None,
            "reason": self.reason if self.code == "plugin_error" else None,
            **self.members,
        }
        return {name: value for name, value in document.items() if value is not None}

    def fill(self, row: Call) -> None:
        """Sets the columns of a row that say how its call ended."""
        row.state, row.status, row.code, row.reason = self.state, self.status, self.code, self.reason
        row.gate, row.detail = self.gate.value if self.gate else "", str(self.detail)[:500]


def unknown_tool(call: ToolCall) -> CallResult:
    return _refused(404, "unknown_tool", _("This number has no tool of this name."), row=call.row)


def refused(call: ToolCall, decision: Decision) -> CallResult:
    """Returns the refusal of a standing gate. The link is for people who are signed in, and shows them why."""
    query = urlencode({"number": call.instance.public_id, "tool": call.name})
    explain_url = f"{reverse('grants:explain', args=[call.instance.organization.slug])}?{query}"
    return CallResult(
        CallState.REFUSED,
        403,
        "refused",
        reason=decision.reason,
        gate=decision.gate,
        detail=reasons.message(decision),
        row=call.row,
        members={"explainUrl": explain_url},
    )


def invalid_input(call: ToolCall, violations: Sequence[SchemaViolation]) -> CallResult:
    """Returns the refusal of input that does not fit the tool's schema."""
    return _invalid(call, violations, _("The input does not fit the tool's schema."))


def invalid_body(call: ToolCall, violations: Sequence[SchemaViolation]) -> CallResult:
    """Returns the refusal of a body that is JSON but not a call."""
    return _invalid(call, violations, _("The body is not a tool call: it has wrong members."))


def _invalid(call: ToolCall, violations: Sequence[SchemaViolation], detail: str | Promise) -> CallResult:
    """In calls, `code` is the failing JSON Schema keyword, also for a name the schema does not know."""
    errors = [
        {
            "pointer": each.pointer,
            "code": "additionalProperties" if each.code == "unknown_key" else each.code,
            "message": each.message,
        }
        for each in violations
    ]
    gate, members = Gate.INPUT_SCHEMA, {"errors": errors}
    return CallResult(CallState.REFUSED, 422, "invalid_input", gate=gate, detail=detail, row=call.row, members=members)


def customer_conflict(call: ToolCall) -> CallResult:
    detail = _("The phone number and the user id belong to two different customers.")
    return _refused(409, "customer_conflict", detail, row=call.row)


def conversation_mismatch(call: ToolCall) -> CallResult:
    detail = _("This conversation belongs to another customer.")
    return _refused(409, "conversation_mismatch", detail, row=call.row)


def key_reused() -> CallResult:
    return _refused(422, "idempotency_key_reused", _("This idempotency key belongs to another request."))


def key_expired() -> CallResult:
    return _refused(422, "idempotency_key_expired", _("The answer to this idempotency key is no longer kept."))


def in_progress(row: Call, retry_after: int) -> CallResult:
    detail = _("The first call with this idempotency key is still running.")
    return CallResult(CallState.OPEN, 409, "in_progress", detail=detail, row=row, retry_after=retry_after)


def replayed(row: Call, status: int, document: dict[str, Any]) -> CallResult:
    """Returns what the first call with the same idempotency key got."""
    return CallResult(CallState(row.state), status, row=row, stored=document)


def succeeded(call: ToolCall, output: dict[str, Any]) -> CallResult:
    return CallResult(CallState.SUCCEEDED, 200, row=call.row, members={"output": output})


def plugin_fault(
    call: ToolCall, code: str, reason: str = "", *, gate: Gate | None = None, members: dict[str, Any] | None = None
) -> CallResult:
    """Returns the end of a call that was sent and did not succeed."""
    status, detail = _FAULTS[code]
    return CallResult(
        CallState.PLUGIN_FAULT,
        status,
        code,
        reason=reason,
        gate=gate,
        detail=_REASONS.get(reason, detail),
        row=call.row,
        members=members or {},
    )


def lost(row: Call) -> CallResult:
    """Returns the end of a call that nobody recorded; to the agent it is a timeout."""
    status, detail = _FAULTS["plugin_timeout"]
    return CallResult(CallState.LOST, status, "plugin_timeout", detail=detail, row=row)


def server_error(call: ToolCall) -> CallResult:
    return _our_fault(call, _("Something went wrong inside the platform."))


def cannot_open(call: ToolCall) -> CallResult:
    return _our_fault(call, _("A stored key of the platform cannot be opened."))


def _our_fault(call: ToolCall, detail: str | Promise) -> CallResult:
    return CallResult(CallState.OUR_FAULT, 500, "server_error", detail=detail, row=call.row)


def _refused(status: int, code: str, detail: str | Promise, *, row: Call | None = None) -> CallResult:
    return CallResult(CallState.REFUSED, status, code, detail=detail, row=row)
