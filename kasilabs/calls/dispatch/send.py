"""One tool call to a plugin: body, tokens, sending, the retry, and what the answer means.

Only `kasilabs.calls.call` comes here, after every gate and the open row. What is measured goes into that row.
"""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils import timezone

from kasilabs.calls import chat_token, results
from kasilabs.calls.dispatch import guard
from kasilabs.calls.dispatch.tokens import platform_token
from kasilabs.calls.results import CallResult
from kasilabs.calls.tool_call import ToolCall
from kasilabs.configuration import values
from kasilabs.lib import turns
from kasilabs.lib.db import connection
from kasilabs.lib.documents import strict_json
from kasilabs.lib.documents.json_schema import TOO_COSTLY
from kasilabs.lib.http import client
from kasilabs.lib.text import formatting
from kasilabs.logs import diagnosis
from kasilabs.logs.gates import Gate
from plugins.manifest.document import Tool

MOST_ANSWER_BYTES = 64 * 1024
MOST_CODE = 64
MOST_MESSAGE = 300
MOST_COUNTED_BYTES = 2**31 - 1
"""What a column can hold; an answer may announce more."""

NOT_BUSINESS = frozenset({401, 403, 408, 429})
"""A status of these is about the call itself and never the plugin's own no to what the customer wants."""

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


def send(call: ToolCall) -> CallResult:
    """Calls the plugin and judges its answer. Never raises for what the plugin or the network does.

    Neither a database connection nor a turn is held while the plugin works. Raises InsideTransaction.
    """
    body = json.dumps(_body(call), separators=(",", ":"), allow_nan=False).encode()
    call.row.timings["gates_ms"] = round((timezone.now() - call.started).total_seconds() * 1000, 1)
    connection.release()
    try:
        with turns.given_back():
            answer = _post(call, body, deadline=call.began + call.tool.timeout_seconds)
    except client.SendFailed as failure:
        return _failed(call, failure)
    started = time.perf_counter()
    result = _judge(call, answer)
    call.row.timings["check_ms"] = round((time.perf_counter() - started) * 1000, 1)
    return result


def _body(call: ToolCall) -> dict[str, Any]:
    """Returns the body of docs/authors/tool-endpoint.md. Nowhere else do the secrets of an installation go out."""
    installation, settings_of = call.plugin.installation, call.plugin.manifest.configuration
    opened = call.plugin.opened.values
    plain = values.effective(settings_of, installation.values)
    secret = {each.name: opened[each.pointer] for each in settings_of.secrets if each.pointer in opened}
    body: dict[str, Any] = {
        "id": call.public_id,
        "tool": call.tool.name,
        "input": call.told.value,
        "mode": installation.mode,
        "organization": {"id": call.instance.organization.public_id},
        "instance": {"id": call.instance.public_id},
        "installation": {"id": installation.public_id},
        "configuration": plain | secret,
    }
    chat = chat_token.issue(call)
    if chat is not None:
        token, expires = chat
        call.secrets.append(token)
        url = f"{settings.PUBLIC_URL}/bridges/v1/"
        body["user"] = {"id": call.customer.alias, "hashVersion": 1}
        body["bridge"] = {"token": token, "url": url, "expiresAt": formatting.rfc3339(expires)}
    return body


def _post(call: ToolCall, body: bytes, *, deadline: float) -> client.Answer:
    """Tries once, and once more where that is safe: nothing was sent yet, or the tool says a repeat does no harm."""
    try:
        return _attempt(call, body, deadline=deadline)
    except client.SendFailed as failure:
        if not _may_retry(call.tool, failure):
            raise
    return _attempt(call, body, deadline=deadline)


def _may_retry(tool: Tool, failure: client.SendFailed) -> bool:
    if failure.reason in {client.Reason.UNREACHABLE, client.Reason.TLS}:
        return not failure.sent
    is_harmless = tool.annotations.read_only or tool.annotations.idempotent
    return failure.reason is client.Reason.BROKEN and not failure.answered and (is_harmless or not failure.sent)


def _attempt(call: ToolCall, body: bytes, *, deadline: float) -> client.Answer:
    """Sends one attempt (docs/authors/tool-endpoint.md). The trace id of `traceparent` (W3C) is the call id."""
    call.row.attempts += 1
    token = platform_token(call, body)
    call.secrets.append(token)
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Bearer {token}",
        "Idempotency-Key": call.public_id,
        "X-KasiLabs-Call-Id": call.public_id,
        "traceparent": f"00-{call.row.id.hex}-{secrets.token_hex(8)}-01",
    }
    answer = client.shared_client().post(
        call.plugin.manifest.base_url, body=body, headers=headers, deadline=deadline, limit=MOST_ANSWER_BYTES
    )
    call.row.timings.update(_phases(answer.timings))
    return answer


def _phases(timings: client.Timings) -> dict[str, float]:
    return {
        "lookup_ms": round(timings.lookup, 1),
        "connect_ms": round(timings.connect, 1),
        "wait_ms": round(timings.wait, 1),
        "read_ms": round(timings.read, 1),
    }


def _failed(call: ToolCall, failure: client.SendFailed) -> CallResult:
    """Returns what it means that no whole answer came.

    A status that is no success says all there is to know, however large or compressed the page beside it is.
    """
    row, head = call.row, failure.head
    row.timings.update(_phases(failure.timings))
    if head is not None:
        row.plugin_status = head.status
    if failure.reason is client.Reason.TIMEOUT:
        return results.plugin_fault(call, "plugin_timeout", "timeout")
    if head is not None and head.length is not None:
        row.response_bytes = min(head.length, MOST_COUNTED_BYTES)
    if not failure.answered or failure.reason not in _INVALID:
        return results.plugin_fault(call, "plugin_error", _UNREACHED[failure.reason], was_sent=failure.sent)
    if head is not None and not _is_success(head.status):
        return _judge_status(call, head.status, head.headers)
    if failure.reason is client.Reason.TOO_LARGE:
        row.diagnosis = diagnosis.too_large(head.length if head else None, most=MOST_ANSWER_BYTES)
    elif failure.reason is client.Reason.ENCODING and head is not None:
        names = [head.headers.get(name, "") for name in ("Content-Encoding", "Transfer-Encoding")]
        row.diagnosis = diagnosis.encoded(", ".join(filter(None, names)), head.length)
    return results.plugin_fault(call, "invalid_response", _INVALID[failure.reason], gate=Gate.RESPONSE)


def _is_success(status: int) -> bool:
    return 200 <= status < 300


def _judge(call: ToolCall, answer: client.Answer) -> CallResult:
    """Returns what the plugin's answer means. What goes on to the agent has passed the guard."""
    row = call.row
    row.plugin_status, row.response_bytes = answer.status, len(answer.body)
    try:
        document = call.response = strict_json.loads(answer.body)
    except strict_json.NotJson as error:
        call.response = answer.body.decode(errors="replace")
        if not _is_success(answer.status):
            return _judge_status(call, answer.status, answer.headers)
        row.diagnosis = diagnosis.not_json(error.detail, line=error.line, pointer=error.pointer)
        return results.plugin_fault(call, "invalid_response", "not_json", gate=Gate.RESPONSE)
    if _is_success(answer.status):
        return _judge_output(call, document)
    return _decline(call, answer.status, document) or _judge_status(call, answer.status, answer.headers)


def _judge_output(call: ToolCall, document: dict[str, Any]) -> CallResult:
    """Returns whether the answer of a success may go on to the agent."""
    leak = guard.find_leak(document, secrets=call.secrets, phones=call.untold_phones)
    if leak is not None:
        call.row.diagnosis = diagnosis.held_back(leak.kind, leak.pointer)
        return results.plugin_fault(call, "unsafe_response", "guard", gate=Gate.RESPONSE)
    violations = call.tool.output_validator.violations(document, limit=1) if call.tool.output_validator else []
    if violations:
        call.row.diagnosis = results.broken_rule(violations[0])
        reason = TOO_COSTLY if violations[0].code == TOO_COSTLY else "output_schema"
        return results.plugin_fault(call, "invalid_response", reason, gate=Gate.RESPONSE)
    return results.succeeded(call, document)


def _decline(call: ToolCall, status: int, document: Mapping[str, Any]) -> CallResult | None:
    """Returns the plugin's own no, when it has exactly the agreed shape and the guard lets it pass; else None.

    Code and message go to the agent as they are, so both are short and free of control or direction-changing
    characters. Further members are ignored.
    """
    if not 400 <= status < 500 or status in NOT_BUSINESS:
        return None
    match document:
        case {"error": {"code": str(code), "message": str(message)}}:
            is_short = 1 <= len(code) <= MOST_CODE and 1 <= len(message) <= MOST_MESSAGE
            if not (is_short and code.isprintable() and message.isprintable()):
                return None
        case _:
            return None
    told = {"error": {"code": code, "message": message}}
    leak = guard.find_leak(told, secrets=call.secrets, phones=call.untold_phones)
    if leak is not None:
        call.row.diagnosis = diagnosis.held_back(leak.kind, leak.pointer)
        return None
    return results.declined(call, code, message)


def _judge_status(call: ToolCall, status: int, headers: Mapping[str, str]) -> CallResult:
    """Returns what a status means that is no success and no decline."""
    if 300 <= status < 400:
        call.row.diagnosis = diagnosis.redirect(_host(call.plugin.manifest.base_url, headers.get("Location", "")))
        return results.plugin_fault(call, "plugin_error", "redirect")
    gate = Gate.PLUGIN_AUTH if status in {401, 403} else None
    return results.plugin_fault(call, "plugin_error", "http_status", gate=gate)


def _host(base_url: str, location: str) -> str:
    """Returns host and port of what a Location means (RFC 9110, section 10.2.2); nothing when it means nothing.

    They stay as they are written: in lower case a secret in them would not be known.
    """
    try:
        return urlsplit(urljoin(base_url, location)).netloc.rpartition("@")[2] if location else ""
    except ValueError:
        return ""
