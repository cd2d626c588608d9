"""The agent API over HTTP. What it answers is decided in `grants` and `kasilabs.calls`."""

import json
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from ninja import NinjaAPI
from pydantic import ValidationError

from grants.decision import reasons
from grants.decision.gates import number_suspended
from grants.decision.tool_list import ToolList
from kasilabs.agent import formats, schemas
from kasilabs.agent.auth import AgentKey, InvalidKey
from kasilabs.agent.schemas import CallIn, CallOut
from kasilabs.calls import results
from kasilabs.calls.call import call_tool, refuse
from kasilabs.calls.results import CallResult
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib import request_bodies
from kasilabs.lib.documents import strict_json
from kasilabs.lib.machine_api import openapi, problems, request_id
from kasilabs.logs.gates import Gate
from kasilabs.whatsapp.models import Instance

_KEY = openapi.header(
    "Idempotency-Key", "The same for every try of one call.", pattern=request_bodies.IDEMPOTENCY_KEY.pattern
)
_LISTED: dict[int, Any] = {200: dict[str, Any], 304: None}


api = NinjaAPI(
    title="KasiLabs agent API",
    version="1",
    docs_url=None,
    openapi_url=None,
    auth=AgentKey(),
    urls_namespace="agent",
)
request_bodies.answer_unreadable(api)


@api.api_operation(["GET", "HEAD"], "/tools", url_name="tools", response=_LISTED | openapi.problems(400, 401, 403, 429))
def tools(request: HttpRequest, format: str = formats.Format.KASILABS) -> HttpResponse:  # noqa: A002
    """Lists the tools of the number the key belongs to."""
    instance = _instance(request)
    if not instance.is_active:
        return _suspended(instance)
    if format not in list(formats.Format):
        known = ", ".join(formats.Format)
        return problems.response(400, "unknown_format", f"The format is one of {known}.")
    form = formats.Format(format)
    body = formats.render(ToolList.for_instance(instance), form)
    return _revalidated(request, body, formats.etag(instance, form, body))


@api.api_operation(["GET", "HEAD"], "/instance", url_name="instance", response=_LISTED | openapi.problems(401, 429))
def instance(request: HttpRequest) -> HttpResponse:
    """Says what the runtime needs to be this number; a suspended one is told so, with nothing to work with."""
    number = _instance(request)
    tool_list = ToolList.for_instance(number) if number.is_active else ToolList(number, [], [], [])
    body = formats.render_instance(tool_list)
    return _revalidated(request, body, formats.etag(number, "instance", body))


def _revalidated(request: HttpRequest, body: bytes, etag: str) -> HttpResponse:
    """Returns a body with its ETag, or that the agent has it already (RFC 9110, section 13)."""
    known_tags = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    is_known = bool({etag, "*"} & known_tags)
    answer = HttpResponseNotModified() if is_known else HttpResponse(body, content_type="application/json")
    answer.headers["ETag"] = etag
    answer.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(answer, ["Authorization"])
    return answer


@api.post(
    "/calls",
    url_name="calls",
    response={200: CallOut} | openapi.problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 502, 504),
    openapi_extra={
        "parameters": [_KEY],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schemas.CALL_SCHEMA}}},
    },
)
def call(request: HttpRequest) -> HttpResponse:
    """Calls one tool. The state of the number comes first, then the form of the body, then every other gate."""
    instance = _instance(request)
    if not instance.is_active:
        return _suspended_call(request, instance)
    document = request_bodies.read_json(request)
    key = request_bodies.read_idempotency_key(request)
    try:
        body = CallIn.model_validate(document)
    except ValidationError as error:
        malformed = schemas.malformed_call(instance, document, request_id=request_id.current(request))
        malformed.asked = (Gate.NUMBER,)
        return _respond(refuse(malformed, results.invalid_body(malformed, request_bodies.violations(error.errors()))))
    method, path = (request.method or "").encode(), request.get_full_path().encode()
    tool_call = ToolCall(
        instance,
        body.tool,
        body.input,
        conversation=body.conversation.as_sent() if body.conversation else None,
        idempotency_key=key,
        fingerprint=request_bodies.fingerprint(method, path, request.body) if key else "",
        request_id=request_id.current(request),
    )
    return _respond(call_tool(tool_call))


def _instance(request: HttpRequest) -> Instance:
    """Returns the number the key belongs to, as `AgentKey` has found it."""
    return cast(Instance, request.auth)  # type: ignore[attr-defined]


def _suspended(instance: Instance) -> HttpResponse:
    detail = reasons.message(number_suspended(instance))
    return problems.response(403, "refused", detail, gate=Gate.NUMBER.value)


def _suspended_call(request: HttpRequest, instance: Instance) -> HttpResponse:
    """Refuses whatever is asked of a suspended number. Only a body that is JSON leaves a row."""
    try:
        document = request_bodies.read_json(request)
    except (request_bodies.UnsupportedMediaType, strict_json.NotJson):
        return _suspended(instance)
    refused = schemas.malformed_call(instance, document, request_id=request_id.current(request))
    return _respond(refuse(refused, results.refused(refused, number_suspended(instance))))


def _respond(result: CallResult) -> HttpResponse:
    content_type = "application/json" if result.status < 400 else problems.CONTENT_TYPE
    response = HttpResponse(json.dumps(result.document), status=result.status, content_type=content_type)
    if result.stored is not None:
        response.headers["Idempotent-Replayed"] = "true"
    if result.retry_after:
        response.headers["Retry-After"] = str(result.retry_after)
    return response


@api.exception_handler(InvalidKey)
def _invalid_key(request: HttpRequest, error: InvalidKey) -> HttpResponse:  # noqa: ARG001
    if error.retry_after:
        headers = {"Retry-After": str(error.retry_after)}
        return problems.response(429, "rate_limited", "Too many wrong keys from this address.", headers=headers)
    headers = {"WWW-Authenticate": "Bearer"}
    return problems.response(401, "invalid_key", "The agent key is not valid.", headers=headers)


@api.exception_handler(Exception)
def _server_error(request: HttpRequest, error: Exception) -> HttpResponse:  # noqa: ARG001
    """Leaves what nobody expected to Django: logged with its trace, answered without one."""
    raise error
