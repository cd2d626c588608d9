"""The agent's door over HTTP (contracts, section 3). Everything it decides is decided in `grants`."""

import hashlib
import json
import re
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from ninja import NinjaAPI
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from grants.decision.tool_list import ToolList
from kasilabs.agent import formats
from kasilabs.agent.auth import AgentKey, InvalidKey
from kasilabs.agent.schemas import CallIn, ConversationIn
from kasilabs.calls import call as calls
from kasilabs.calls import refusals, results
from kasilabs.calls.request import Conversation, Request
from kasilabs.lib.documents import strict_json
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.machine_api import problems, request_id
from kasilabs.logs.gates import Gate
from kasilabs.whatsapp.models import Instance

_IDEMPOTENCY_KEY = re.compile(r"[A-Za-z0-9_.:-]{16,128}")


class _UnsupportedMediaType(Exception):
    """The body says it is not application/json."""


api = NinjaAPI(
    title="KasiLabs agent API",
    version="1",
    docs_url=None,
    openapi_url=None,
    auth=AgentKey(),
    urls_namespace="agent",
)


def _instance(request: HttpRequest) -> Instance:
    return cast(Instance, request.auth)  # type: ignore[attr-defined]


@api.api_operation(["GET", "HEAD"], "/tools", url_name="tools")
def tools(request: HttpRequest, format: str = formats.Format.KASILABS) -> HttpResponse:  # noqa: A002
    """List the tools of the number the key belongs to; revalidates with its ETag (RFC 9110, section 13)."""
    instance = _instance(request)
    if not instance.is_active:
        return _suspended(instance)
    if format not in list(formats.Format):
        known = ", ".join(formats.Format)
        return problems.response(400, "unknown_format", f"The format is one of {known}.")
    form = formats.Format(format)
    tool_list = ToolList.for_instance(instance)
    body = formats.render(tool_list, form)
    tag = formats.etag(tool_list, form, body)
    is_known = bool({tag, "*"} & _tags(request.headers.get("If-None-Match", "")))
    answer = HttpResponseNotModified() if is_known else HttpResponse(body, content_type="application/json")
    answer.headers["ETag"] = tag
    answer.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(answer, ["Authorization"])
    return answer


def _tags(header: str) -> set[str]:
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _suspended(instance: Instance) -> HttpResponse:
    detail = f"{instance.name} is suspended."
    return problems.response(403, "refused", detail, gate=Gate.NUMBER.value)


@api.post("/calls", url_name="calls")
def call(request: HttpRequest) -> HttpResponse:
    """Call one tool. The state of the number comes before the body, the form of the body before every other gate."""
    instance = _instance(request)
    document = _read(request, instance)
    if isinstance(document, HttpResponse):
        return document
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        detail = "An idempotency key has 16 to 128 of the characters A-Z a-z 0-9 _ . : -"
        return problems.response(400, "invalid_idempotency_key", detail)
    try:
        body = CallIn.model_validate(document)
    except ValidationError as error:
        wrong = [_problem(each) for each in error.errors()]
        return _respond(refusals.refuse_body(instance, document, wrong, request_id=request_id.current(request)))
    return _respond(calls.call_tool(instance, _request(request, body, key)))


def _read(request: HttpRequest, instance: Instance) -> dict[str, Any] | HttpResponse:
    """Return the parsed body; for a suspended number what cannot be read is answered like everything else."""
    try:
        if request.body and request.content_type != "application/json":
            raise _UnsupportedMediaType
        return strict_json.loads(request.body)
    except (_UnsupportedMediaType, strict_json.NotJson):
        if not instance.is_active:
            return _suspended(instance)
        raise


def _request(request: HttpRequest, body: CallIn, key: str | None) -> Request:
    return Request(
        tool=body.tool,
        input=body.input,
        conversation=_conversation(body.conversation),
        idempotency_key=key,
        fingerprint=_fingerprint(request) if key else "",
        request_id=request_id.current(request),
    )


def _conversation(sent: ConversationIn | None) -> Conversation | None:
    if sent is None:
        return None
    customer = sent.customer
    return Conversation(
        sent.id,
        phone=customer.phone if customer else None,
        user_id=customer.userId if customer else None,
        last_message_at=sent.moment,
    )


def _fingerprint(request: HttpRequest) -> str:
    """Return SHA-256 over length-prefixed method, path and raw body: what a retry has to repeat."""
    parts = [(request.method or "").encode(), request.get_full_path().encode(), request.body]
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def _respond(answer: results.Answer) -> HttpResponse:
    content_type = "application/json" if answer.status < 400 else problems.CONTENT_TYPE
    response = HttpResponse(json.dumps(answer.document), status=answer.status, content_type=content_type)
    if answer.replayed:
        response.headers["Idempotent-Replayed"] = "true"
    if answer.retry_after:
        response.headers["Retry-After"] = str(answer.retry_after)
    return response


@api.exception_handler(InvalidKey)
def _invalid_key(request: HttpRequest, error: InvalidKey) -> HttpResponse:  # noqa: ARG001
    if error.retry_after:
        headers = {"Retry-After": str(error.retry_after)}
        return problems.response(429, "rate_limited", "Too many wrong keys from this address.", headers=headers)
    headers = {"WWW-Authenticate": "Bearer"}
    return problems.response(401, "invalid_key", "The agent key is not valid.", headers=headers)


@api.exception_handler(_UnsupportedMediaType)
def _unsupported(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001
    return problems.generic(415)


@api.exception_handler(strict_json.NotJson)
def _not_json(request: HttpRequest, error: strict_json.NotJson) -> HttpResponse:  # noqa: ARG001
    return problems.response(400, "not_json", error.detail)


@api.exception_handler(Exception)
def _server_error(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001
    """Leave what nobody expected to Django: logged with its trace, answered without one."""
    raise error


_RULES = {
    "missing": ("required", "This member is required."),
    "extra_forbidden": ("additionalProperties", "There is no such member."),
    "string_too_short": ("minLength", "This text is too short."),
    "string_too_long": ("maxLength", "This text is too long."),
    "string_type": ("type", "This must be text."),
    "dict_type": ("type", "This must be an object."),
    "model_type": ("type", "This must be an object."),
    "model_attributes_type": ("type", "This must be an object."),
}
"""Our keyword and sentence for each kind of error the body's schema finds; its own checks bring theirs."""


def _problem(found: ErrorDetails) -> SchemaViolation:
    """Return a body error as contracts want it: a pointer from the root of what was sent, and a keyword."""
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in found["loc"])
    code, sentence = _RULES.get(found["type"], (found["type"], found["msg"]))
    return SchemaViolation(pointer, code, sentence)
