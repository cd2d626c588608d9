"""Errors of the machine doors as RFC 9457 problem+json, and the middleware that keeps HTML out of them.

Everything under the prefixes in DOORS answers JSON or problem+json, also when no view was reached.
"""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

DOORS = ("/agent/", "/bridges/", "/schemas/", "/healthz", "/readyz")
MAX_BODY_BYTES = 64 * 1024
CONTENT_TYPE = "application/problem+json"
_GENERIC = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The body is larger than 64 KiB."),
    415: ("unsupported_media_type", "The body must be application/json."),
}
_BAD_REQUEST = ("bad_request", "The request cannot be read.")
_SERVER_ERROR = ("server_error", "This is our fault.")


def response(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> HttpResponse:
    """Return a problem document; `members` are the further ones of contracts, opening paragraph (gate, errors, …)."""
    document = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    body = json.dumps({**document, **{name: value for name, value in members.items() if value is not None}})
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def generic(status: int, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return the problem for a refusal that no view has worded."""
    code, detail = _GENERIC.get(status, _BAD_REQUEST if status < 500 else _SERVER_ERROR)
    return response(status, code, detail, headers=headers)


class MachineDoorMiddleware:
    """Cap the body before anything reads it, and turn every error without a JSON body into a problem."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(DOORS):
            _refuse_large(request)
            return self.get_response(request)
        if _declared_length(request) > MAX_BODY_BYTES:
            return generic(413)
        answer = self.get_response(request)
        if answer.status_code >= 400 and "json" not in answer.headers.get("Content-Type", ""):
            kept = {name: answer.headers[name] for name in ("Allow", "Retry-After") if name in answer.headers}
            return generic(answer.status_code, headers=kept)
        return answer


def _refuse_large(request: HttpRequest) -> None:
    """Django bounds the fields of a form, and writes a file of any size to disk before it asks who sent it.

    Raises RequestDataTooBig.
    """
    if _declared_length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise RequestDataTooBig


def _declared_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return MAX_BODY_BYTES + 1
