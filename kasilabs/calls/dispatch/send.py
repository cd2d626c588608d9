"""One tool call to a plugin: body, token, send, retry, and what the answer means.

Runs with no transaction open and no pooled connection held. Only `kasilabs.calls.call` comes here, after every gate.
"""

import json
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from kasilabs.calls.dispatch import guard
from kasilabs.calls.dispatch.result import DispatchResult
from kasilabs.calls.dispatch.tokens import ChatToken, Subject, platform_token
from kasilabs.lib.documents import strict_json
from kasilabs.lib.http import client
from kasilabs.logs.gates import Gate
from plugins.manifest.document import Manifest, Tool

MOST_ANSWER_BYTES = 64 * 1024
MOST_CODE = 64
MOST_MESSAGE = 300
_INVALID = {
    client.Reason.TOO_LARGE: "too_large",
    client.Reason.ENCODING: "encoding",
    client.Reason.BROKEN: "broken",
}
"""What makes an answer that has begun an invalid one."""

_UNREACHED = {
    client.Reason.UNREACHABLE: "unreachable",
    client.Reason.BROKEN: "unreachable",
    client.Reason.TLS: "tls",
    client.Reason.BLOCKED_ADDRESS: "blocked_address",
}


@dataclass(frozen=True, repr=False)
class Job:
    """All that one tool call needs; secrets included, so it has no repr."""

    subject: Subject
    manifest: Manifest
    tool: Tool
    input: dict[str, Any]
    configuration: dict[str, Any]
    kid: str
    signing_secret: str
    secrets: Collection[str] = ()
    phones: Collection[str] = ()
    alias: str = ""
    chat: ChatToken | None = None


def send(job: Job) -> DispatchResult:
    """Call the plugin and judge its answer. Never raises for what the plugin or the network does."""
    deadline = time.monotonic() + job.tool.timeout_seconds
    outcome = DispatchResult(tokens=[job.signing_secret, *([job.chat.text] if job.chat else [])])
    body = json.dumps(_body(job), separators=(",", ":"), allow_nan=False).encode()
    try:
        answer = _attempts(job, body, deadline, outcome)
    except client.SendFailed as failure:
        _note_failure(outcome, failure)
        return outcome
    started = time.perf_counter()
    _judge(job, answer, outcome)
    outcome.timings["check_ms"] = _milliseconds(time.perf_counter() - started)
    return outcome


def _body(job: Job) -> dict[str, Any]:
    subject = job.subject
    body: dict[str, Any] = {
        "id": subject.call,
        "tool": job.tool.name,
        "input": job.input,
        "mode": subject.installation.mode,
        "organization": {"id": subject.instance.organization.public_id},
        "instance": {"id": subject.instance.public_id},
        "installation": {"id": subject.installation.public_id},
        "configuration": job.configuration,
    }
    if job.alias and job.chat:
        body["user"] = {"id": job.alias, "hashVersion": 1}
        body["bridge"] = job.chat.as_member()
    return body


def _attempts(job: Job, body: bytes, deadline: float, outcome: DispatchResult) -> client.Answer:
    """Try once, and once more where that is safe: nothing was sent yet, or the tool says a repeat does no harm."""
    try:
        return _attempt(job, body, deadline, outcome)
    except client.SendFailed as failure:
        if not _may_retry(job.tool, failure):
            raise
    return _attempt(job, body, deadline, outcome)


def _may_retry(tool: Tool, failure: client.SendFailed) -> bool:
    if failure.reason in {client.Reason.UNREACHABLE, client.Reason.TLS}:
        return not failure.sent
    is_harmless = tool.annotations.read_only or tool.annotations.idempotent
    return failure.reason is client.Reason.BROKEN and not failure.answered and (is_harmless or not failure.sent)


def _attempt(job: Job, body: bytes, deadline: float, outcome: DispatchResult) -> client.Answer:
    outcome.attempts += 1
    token = platform_token(job.subject, tool=job.tool.name, body=body, kid=job.kid, secret=job.signing_secret)
    outcome.tokens.append(token)
    headers = _headers(job.subject, token)
    answer = client.shared_client().post(
        job.manifest.base_url, body=body, headers=headers, deadline=deadline, limit=MOST_ANSWER_BYTES
    )
    outcome.timings.update(_phases(answer.timings))
    return answer


def _headers(subject: Subject, token: str) -> dict[str, str]:
    """Return the headers of contracts, section 2; `traceparent` is W3C Trace Context with the call id as trace id."""
    return {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": subject.call,
        "X-KasiLabs-Call-Id": subject.call,
        "traceparent": f"00-{subject.call_id.hex}-{secrets.token_hex(8)}-01",
    }


def _note_failure(outcome: DispatchResult, failure: client.SendFailed) -> None:
    outcome.timings.update(_phases(failure.timings))
    if failure.reason is client.Reason.TIMEOUT:
        outcome.code = "plugin_timeout"
    elif failure.answered and failure.reason in _INVALID:
        outcome.code, outcome.gate, outcome.reason = "invalid_response", Gate.RESPONSE, _INVALID[failure.reason]
    else:
        outcome.code, outcome.reason = "plugin_error", _UNREACHED[failure.reason]


def _judge(job: Job, answer: client.Answer, outcome: DispatchResult) -> None:
    outcome.plugin_status, outcome.response_bytes = answer.status, len(answer.body)
    document = _parse(answer.body)
    outcome.seen = document if document is not None else answer.body.decode(errors="replace")
    if 200 <= answer.status < 300:
        _judge_success(job, document, outcome)
        return
    outcome.code, outcome.reason = "plugin_error", "redirect" if 300 <= answer.status < 400 else "http_status"
    if answer.status in {401, 403}:
        outcome.gate = Gate.PLUGIN_AUTH
    if 400 <= answer.status < 500 and document is not None and _is_safe(job, document, outcome):
        outcome.plugin_code, outcome.plugin_message = _error_of(document)


def _judge_success(job: Job, document: dict[str, Any] | None, outcome: DispatchResult) -> None:
    if document is None:
        outcome.code, outcome.gate, outcome.reason = "invalid_response", Gate.RESPONSE, "not_json"
    elif not _is_safe(job, document, outcome):
        outcome.code, outcome.gate, outcome.reason = "unsafe_response", Gate.RESPONSE, "guard"
    elif job.tool.output_validator and not job.tool.output_validator.accepts(document):
        outcome.code, outcome.gate, outcome.reason = "invalid_response", Gate.RESPONSE, "output_schema"
    else:
        outcome.output = document


def _is_safe(job: Job, document: Mapping[str, Any], outcome: DispatchResult) -> bool:
    return guard.leak(document, secrets=job.secrets, phones=job.phones, tokens=outcome.tokens) is None


def _parse(raw: bytes) -> dict[str, Any] | None:
    try:
        return strict_json.loads(raw)
    except strict_json.NotJson:
        return None


def _error_of(document: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return the plugin's own code and message when the body has exactly the agreed shape."""
    match document:
        case {"error": {"code": str(code), "message": str(message)}}:
            if _is_plain(code, MOST_CODE) and _is_plain(message, MOST_MESSAGE):
                return code, message
    return None, None


def _is_plain(text: str, most: int) -> bool:
    """Say whether text may go to an agent as it is: short, and without control or direction-changing characters."""
    return len(text) <= most and text.isprintable()


def _phases(timings: client.Timings) -> dict[str, float]:
    return {
        "lookup_ms": round(timings.lookup, 1),
        "connect_ms": round(timings.connect, 1),
        "wait_ms": round(timings.wait, 1),
        "read_ms": round(timings.read, 1),
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
