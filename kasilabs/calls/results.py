"""Every way a call can end: the status and code of contracts, section 3, and what the log row says of it.

Details are safe to show to an agent: no stack trace, no secret, no address.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.decision.gates import Decision
from kasilabs.calls.dispatch.result import DispatchResult
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import Call, CallState
from kasilabs.logs.write import CallResult

SERVER_ERROR = "server_error"
FAULTS: dict[str, tuple[int, str | Promise]] = {
    SERVER_ERROR: (500, _("Something went wrong inside the platform.")),
    "plugin_timeout": (504, _("The plugin did not answer in time.")),
    "plugin_error": (502, _("The plugin could not carry this out.")),
    "invalid_response": (502, _("The plugin answered with something that is not allowed here.")),
    "unsafe_response": (502, _("The plugin's answer was held back because it contained something private.")),
}
REASONS: dict[str, str | Promise] = {
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


@dataclass(frozen=True)
class Answer:
    """What the agent gets: a status, a JSON document, and whether it is a stored one. `retry_after` is in seconds."""

    status: int
    document: dict[str, Any]
    replayed: bool = False
    retry_after: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A call that never left the house, and the further members of its problem document."""

    result: CallResult
    members: dict[str, Any] = field(default_factory=dict)

    def answer(self, call_id: str | None = None) -> Answer:
        return Answer(self.result.status, problem(self.result, call_id, self.members))


def problem(result: CallResult, call_id: str | None, members: dict[str, Any]) -> dict[str, Any]:
    """Return the problem document (RFC 9457) of an result; empty members are left out."""
    document: dict[str, Any] = {
        "title": HTTPStatus(result.status).phrase,
        "status": result.status,
        "detail": result.detail,
        "code": result.code,
        "gate": result.gate.value if result.gate else None,
        "id": call_id,
        "reason": result.reason if result.code == "plugin_error" else None,
        **members,
    }
    return {name: value for name, value in document.items() if value is not None}


def unknown_tool() -> Refusal:
    return _refusal(404, "unknown_tool", _("This number has no tool of this name."))


def refused(decision: Decision, detail: str, explain_url: str) -> Refusal:
    reason = decision.reason[:24]
    result = CallResult(CallState.REFUSED, 403, "refused", reason=reason, gate=decision.gate, detail=detail)
    return Refusal(result, {"explainUrl": explain_url})


def invalid_input(problems: Sequence[SchemaViolation]) -> Refusal:
    """Refuse input that does not fit the tool's schema."""
    return _invalid(problems, _("The input does not fit the tool's schema."))


def invalid_body(problems: Sequence[SchemaViolation]) -> Refusal:
    """Refuse a body that is JSON but not a call."""
    return _invalid(problems, _("The body is not a tool call: it has wrong members."))


def _invalid(problems: Sequence[SchemaViolation], detail: str | Promise) -> Refusal:
    result = CallResult(CallState.REFUSED, 422, "invalid_input", gate=Gate.INPUT_SCHEMA, detail=str(detail))
    return Refusal(result, {"errors": [_error(problem) for problem in problems]})


def _error(problem: SchemaViolation) -> dict[str, str]:
    """In calls, `code` is the failing JSON Schema keyword, also for a name the schema does not know."""
    code = "additionalProperties" if problem.code == "unknown_key" else problem.code
    return {"pointer": problem.pointer, "code": code, "message": problem.message}


def customer_conflict() -> Refusal:
    return _refusal(409, "customer_conflict", _("The phone number and the user id belong to two different customers."))


def conversation_mismatch() -> Refusal:
    return _refusal(409, "conversation_mismatch", _("This conversation belongs to another customer."))


def our_fault() -> Refusal:
    detail = str(_("A stored key of the platform cannot be opened."))
    return Refusal(CallResult(CallState.OUR_FAULT, 500, SERVER_ERROR, detail=detail))


def key_reused() -> Answer:
    return _refusal(422, "idempotency_key_reused", _("This idempotency key belongs to another request.")).answer()


def key_expired() -> Answer:
    return _refusal(422, "idempotency_key_expired", _("The answer to this idempotency key is no longer kept.")).answer()


def in_progress(call_id: str, retry_after: int) -> Answer:
    answer = _refusal(409, "in_progress", _("The first call with this idempotency key is still running.")).answer(
        call_id
    )
    return Answer(answer.status, answer.document, retry_after=retry_after)


def lost(call_id: str) -> Answer:
    status, detail = FAULTS["plugin_timeout"]
    result = CallResult(CallState.LOST, status, "plugin_timeout", detail=str(detail))
    return Answer(status, problem(result, call_id, {}))


def _refusal(status: int, code: str, detail: str | Promise) -> Refusal:
    return Refusal(CallResult(CallState.REFUSED, status, code, detail=str(detail)))


def of(outcome: DispatchResult) -> CallResult:
    """Return how a call that was sent ended."""
    status, detail = FAULTS[outcome.code] if outcome.code else (200, "")
    return CallResult(
        state=_state(outcome.code),
        status=status,
        code=outcome.code,
        reason=outcome.reason,
        gate=outcome.gate,
        detail=str(REASONS.get(outcome.reason, detail)),
        timings=outcome.timings,
        plugin_status=outcome.plugin_status,
        attempts=outcome.attempts,
        response=outcome.seen,
        response_bytes=outcome.response_bytes,
    )


def _state(code: str) -> CallState:
    if code == SERVER_ERROR:
        return CallState.OUR_FAULT
    return CallState.PLUGIN_FAULT if code else CallState.SUCCEEDED


def answer(outcome: DispatchResult, result: CallResult, call: Call) -> Answer:
    """Return what the agent gets for a call that was sent."""
    if outcome.output is not None:
        document = {
            "id": call.public_id,
            "status": "succeeded",
            "output": outcome.output,
            "durationMs": call.duration_ms,
        }
        return Answer(200, document)
    members = {"pluginCode": outcome.plugin_code, "pluginMessage": outcome.plugin_message}
    return Answer(result.status, problem(result, call.public_id, members))
