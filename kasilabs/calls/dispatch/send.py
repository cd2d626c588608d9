"""One tool call to a plugin: body, tokens, sending, the retry, and what the answer means.

Only `kasilabs.calls.call` comes here, after every gate and the open row. What is measured goes into that row.
"""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

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
from kasilabs.lib.http import client
from kasilabs.lib.text import formatting
from kasilabs.logs.gates import Gate
from plugins.manifest.document import Tool

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


def send(call: ToolCall) -> CallResult:
    """Calls the plugin and judges its answer. Never raises for what the plugin or the network does.

    Neither a database connection nor a turn is held while the plugin works. Raises InsideTransaction.
    """
    body = json.dumps(_body(call), separators=(",", ":"), allow_nan=False).encode()
    call.row.timings["gates_ms"] = round((timezone.now() - call.started).total_seconds() * 1000, 1)
    connection.release()
    try:
        with turns.given_back():
            answer = _post(call, body, deadline=time.monotonic() + call.tool.timeout_seconds)
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
        "input": call.input,
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
    """Returns what it means that no whole answer came."""
    call.row.timings.update(_phases(failure.timings))
    if failure.reason is client.Reason.TIMEOUT:
        return results.plugin_fault(call, "plugin_timeout")
    if failure.answered and failure.reason in _INVALID:
        return results.plugin_fault(call, "invalid_response", _INVALID[failure.reason], gate=Gate.RESPONSE)
    return results.plugin_fault(call, "plugin_error", _UNREACHED[failure.reason])


def _judge(call: ToolCall, answer: client.Answer) -> CallResult:
    """Returns what the plugin's answer means. What goes on to the agent has passed the guard."""
    document = _parse(answer.body)
    call.response = document if document is not None else answer.body.decode(errors="replace")
    call.row.plugin_status, call.row.response_bytes = answer.status, len(answer.body)
    if 200 <= answer.status < 300:
        return _judge_success(call, document)
    reason = "redirect" if 300 <= answer.status < 400 else "http_status"
    gate = Gate.PLUGIN_AUTH if answer.status in {401, 403} else None
    members: dict[str, str] = {}
    if 400 <= answer.status < 500 and document is not None and _is_safe(call, document):
        members = _error(document)
    return results.plugin_fault(call, "plugin_error", reason, gate=gate, members=members)


def _judge_success(call: ToolCall, document: dict[str, Any] | None) -> CallResult:
    if document is None:
        return results.plugin_fault(call, "invalid_response", "not_json", gate=Gate.RESPONSE)
    if not _is_safe(call, document):
        return results.plugin_fault(call, "unsafe_response", "guard", gate=Gate.RESPONSE)
    if call.tool.output_validator and not call.tool.output_validator.accepts(document):
        return results.plugin_fault(call, "invalid_response", "output_schema", gate=Gate.RESPONSE)
    return results.succeeded(call, document)


def _parse(raw: bytes) -> dict[str, Any] | None:
    try:
        return strict_json.loads(raw)
    except strict_json.NotJson:
        return None


def _is_safe(call: ToolCall, document: Mapping[str, Any]) -> bool:
    return guard.leak(document, secrets=call.secrets, phones=call.customer.phones) is None


def _error(document: Mapping[str, Any]) -> dict[str, str]:
    """Returns the plugin's own code and message when the body has exactly the agreed shape.

    Both go to the agent as they are, so they must be short and free of control or direction-changing characters.
    """
    match document:
        case {"error": {"code": str(code), "message": str(message)}}:
            is_short = len(code) <= MOST_CODE and len(message) <= MOST_MESSAGE
            if is_short and code.isprintable() and message.isprintable():
                return {"pluginCode": code, "pluginMessage": message}
    return {}
