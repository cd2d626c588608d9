"""Every way a call can end: its state, its status, its code, and what agent and log row are told.

Each end that is not a success has a named reason. A detail says what happened, an advice what the agent does next; both
are safe to show to it: no stack trace, no secret, no address, and nothing of what was held back.
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
from kasilabs.lib.documents.json_schema import TOO_COSTLY, SchemaViolation
from kasilabs.logs import diagnosis
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import Call, CallState

BUSY_RETRY_SECONDS = 5
_FAULT_STATUS = {"plugin_timeout": 504, "plugin_error": 502, "invalid_response": 502, "unsafe_response": 502}
_DETAILS: dict[str, str | Promise] = {
    "timeout": _("The plugin did not answer in time."),
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
    "too_costly": _("The plugin's answer is too much to check against the schema it declares."),
    "guard": _("The plugin's answer was held back because it contained something private."),
}
"""What happened, for each reason of a fault of the plugin."""

_LOOK_FIRST = _("It may have done its work: look what happened before you call it again.")
_GO_ON = _("Go on without this tool.")
_ADVICE: dict[str, str | Promise] = {
    "timeout": _LOOK_FIRST,
    "unreachable": _("Say that this does not work right now, and try again later."),
    "tls": _GO_ON,
    "blocked_address": _GO_ON,
    "redirect": _GO_ON,
    "http_status": _("Say that this does not work right now, and look what happened before you try again."),
    "too_large": _("Ask for less at a time; what the call was to change may be done."),
}
"""What the agent does next; after any other reason the plugin may have done its work."""


@dataclass(frozen=True, repr=False)
class CallResult:
    """How a call ended: what its row says about it, and the document the agent gets.

    `row` is the row that the document names, `members` are its further members, `masked` are the places of the input
    that the plugin was not told, `retry_after` is in seconds. `advice` follows `detail` in the document and is not in
    the row. `stored` is the document of the first call with the same idempotency key.
    """

    state: CallState
    status: int
    code: str = ""
    reason: str = ""
    gate: Gate | None = None
    detail: str | Promise = ""
    advice: str | Promise = ""
    row: Call | None = None
    members: dict[str, Any] = field(default_factory=dict)
    masked: Sequence[str] = ()
    retry_after: int | None = None
    stored: dict[str, Any] | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object the agent gets; a problem document (RFC 9457) unless the call succeeded."""
        if self.stored is not None:
            return self.stored
        if self.row and self.state == CallState.SUCCEEDED:
            row_id, duration = self.row.public_id, self.row.duration_ms
            masked = {"masked": list(self.masked)} if self.masked else {}
            return {"id": row_id, "status": "succeeded", **self.members, "durationMs": duration, **masked}
        document = {
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": f"{self.detail} {self.advice}".strip(),
            "code": self.code,
            "gate": self.gate.value if self.gate else None,
            "id": self.row.public_id if self.row else None,
            "reason": self.reason if self._tells_reason else None,
            "masked": list(self.masked) or None,
            **self.members,
        }
        return {name: value for name, value in document.items() if value is not None}

    @property
    def _tells_reason(self) -> bool:
        """Says whether the agent is told the reason; of a declined call it is the plugin's code, told as that."""
        return self.code == "plugin_error" or (self.code == "invalid_response" and self.reason == TOO_COSTLY)

    def fill(self, row: Call) -> None:
        """Sets the columns of a row that say how its call ended."""
        row.state, row.status, row.code, row.reason = self.state, self.status, self.code, self.reason
        row.gate = self.gate.value if self.gate else ""
        # Of a call the plugin declined, people read what the plugin said.
        row.detail = str(self.members.get("pluginMessage", self.detail))[:500]


def unknown_tool(call: ToolCall) -> CallResult:
    detail = _("This number has no tool of this name.")
    return _refused(404, "unknown_tool", detail, advice=_("Call the tools of the list alone."), row=call.row)


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
        advice=_GO_ON,
        row=call.row,
        members={"explainUrl": explain_url},
    )


def invalid_input(call: ToolCall, violations: Sequence[SchemaViolation]) -> CallResult:
    """Returns the refusal of input that does not fit the tool's schema."""
    return _invalid(call, violations, _("The input does not fit the tool's schema."))


def personal_input(call: ToolCall, violations: Sequence[SchemaViolation]) -> CallResult:
    """Returns the refusal of input that holds the customer's phone number where it can be neither told nor masked."""
    return _invalid(call, violations, _("The input holds the customer’s phone number, which this tool is not told."))


def invalid_body(call: ToolCall, violations: Sequence[SchemaViolation]) -> CallResult:
    """Returns the refusal of a body that is JSON but not a call."""
    return _invalid(call, violations, _("The body is not a tool call: it has wrong members."))


def _invalid(call: ToolCall, violations: Sequence[SchemaViolation], detail: str | Promise) -> CallResult:
    """The row keeps where the first rule was broken, as the agent is told of every one."""
    errors = [{"pointer": each.pointer, "code": _keyword(each), "message": each.message} for each in violations]
    if violations:
        call.row.diagnosis = broken_rule(violations[0])
    return CallResult(
        CallState.REFUSED,
        422,
        "invalid_input",
        reason="invalid_input",
        gate=Gate.INPUT_SCHEMA,
        detail=detail,
        advice=_("Correct what the errors name, and call it again."),
        row=call.row,
        members={"errors": errors},
    )


def broken_rule(violation: SchemaViolation) -> diagnosis.Diagnosis:
    """Returns what a row keeps of the rule of a schema that an input or an answer breaks."""
    return diagnosis.schema_failure(_keyword(violation), violation.pointer, violation.message)


def _keyword(violation: SchemaViolation) -> str:
    """Returns the failing JSON Schema keyword, also for a name the schema does not know."""
    return "additionalProperties" if violation.code == "unknown_key" else violation.code


def customer_conflict(call: ToolCall) -> CallResult:
    detail = _("The phone number and the user id belong to two different customers.")
    return _refused(409, "customer_conflict", detail, advice=_("Send the one that is sure."), row=call.row)


def conversation_mismatch(call: ToolCall) -> CallResult:
    detail = _("This conversation belongs to another customer.")
    advice = _("Send a conversation of this customer.")
    return _refused(409, "conversation_mismatch", detail, advice=advice, row=call.row)


def busy(call: ToolCall, reason: str) -> CallResult:
    """Returns the refusal of a call for which there is no place: the plugin, or all of them, are slow."""
    return CallResult(
        CallState.REFUSED,
        503,
        "busy",
        reason=reason,
        gate=Gate.CONCURRENCY,
        detail=_("The plugin is busy with other calls."),
        advice=_("Call it again in a few seconds."),
        row=call.row,
        retry_after=BUSY_RETRY_SECONDS,
    )


def key_reused() -> CallResult:
    detail = _("This idempotency key belongs to another request.")
    return _refused(422, "idempotency_key_reused", detail, advice=_("Send this one with a key of its own."))


def key_expired() -> CallResult:
    detail = _("The answer to this idempotency key is no longer kept.")
    return _refused(422, "idempotency_key_expired", detail, advice=_("Look what happened before you call it again."))


def in_progress(row: Call, retry_after: int) -> CallResult:
    return CallResult(
        CallState.OPEN,
        409,
        "in_progress",
        detail=_("The first call with this idempotency key is still running."),
        advice=_("Send the same request again in a moment."),
        row=row,
        retry_after=retry_after,
    )


def replayed(row: Call, status: int, document: dict[str, Any]) -> CallResult:
    """Returns what the first call with the same idempotency key got."""
    return CallResult(CallState(row.state), status, row=row, stored=document)


def succeeded(call: ToolCall, output: dict[str, Any]) -> CallResult:
    return CallResult(CallState.SUCCEEDED, 200, row=call.row, members={"output": output})


def declined(call: ToolCall, code: str, message: str) -> CallResult:
    """Returns the plugin's own no: an answer with a reason of the plugin's, and no fault."""
    return CallResult(
        CallState.DECLINED,
        422,
        "declined",
        reason=code,
        gate=Gate.BUSINESS,
        detail=_("The plugin declined this."),
        advice=_("Tell the customer why, as pluginMessage says it, and do not repeat the same call."),
        row=call.row,
        members={"pluginCode": code, "pluginMessage": message},
    )


def plugin_fault(
    call: ToolCall, code: str, reason: str, *, gate: Gate | None = None, was_sent: bool = True
) -> CallResult:
    """Returns the end of a call for which no usable answer came. `reason` is a name in the table of details."""
    advice = _LOOK_FIRST if was_sent and reason == "unreachable" else _ADVICE.get(reason, _LOOK_FIRST)
    return CallResult(
        CallState.PLUGIN_FAULT,
        _FAULT_STATUS[code],
        code,
        reason=reason,
        gate=gate,
        detail=_DETAILS[reason],
        advice=advice,
        row=call.row,
    )


def lost(row: Call) -> CallResult:
    """Returns the end of a call that nobody recorded; to the agent it is a timeout."""
    return CallResult(
        CallState.LOST,
        504,
        "plugin_timeout",
        reason="end_not_recorded",
        detail=_DETAILS["timeout"],
        advice=_LOOK_FIRST,
        row=row,
    )


def server_error(call: ToolCall) -> CallResult:
    return _our_fault(call, "exception", _("Something went wrong inside the platform."), advice=_LOOK_FIRST)


def cannot_open(call: ToolCall) -> CallResult:
    return _our_fault(call, "key_unreadable", _("A stored key of the platform cannot be opened."), advice=_GO_ON)


def _our_fault(call: ToolCall, reason: str, detail: str | Promise, *, advice: str | Promise) -> CallResult:
    return CallResult(
        CallState.OUR_FAULT, 500, "server_error", reason=reason, detail=detail, advice=advice, row=call.row
    )


def _refused(
    status: int, code: str, detail: str | Promise, *, advice: str | Promise, row: Call | None = None
) -> CallResult:
    return CallResult(CallState.REFUSED, status, code, reason=code, detail=detail, advice=advice, row=row)
