"""Errors of the machine API as RFC 9457 problem+json.

Everything under its prefixes answers JSON or problem+json, also when no view was reached.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

PREFIXES = ("/agent/", "/bridges/", "/schemas/", "/healthz", "/readyz")
ROOTS = ("/agent", "/bridges", "/schemas")
MAX_BODY_BYTES = 64 * 1024
CONTENT_TYPE = "application/problem+json"
_GENERIC = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("too_large", "The body is larger than 64 KiB."),
    414: ("too_large", "The address is longer than 4 KiB."),
    415: ("unsupported_media_type", "The body must be application/json."),
    431: ("too_large", "A header is larger than 8 KiB, or there are more than 100."),
    501: ("bad_request", "The body has a transfer coding other than chunked."),
    503: ("unavailable", "The platform cannot work right now. Nothing was done; try again later."),
}
_BAD_REQUEST = ("bad_request", "The request cannot be read.")
_SERVER_ERROR = ("server_error", "This is our fault.")


def is_machine_api(path: str) -> bool:
    """Says whether machines, not people, ask for this path, also where a slash is missing or one too many."""
    path = f"/{path.lstrip('/')}"
    return path.startswith(PREFIXES) or path in ROOTS


def response(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> HttpResponse:
    """Returns a problem document; `members` are further ones, such as `gate` and `errors`."""
    document = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, "code": code}
    body = json.dumps({**document, **{name: value for name, value in members.items() if value is not None}})
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE, headers=dict(headers or {}))


def generic(status: int, *, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Returns the problem for an error that no view has put into words."""
    code, detail = _GENERIC.get(status, _BAD_REQUEST if status < 500 else _SERVER_ERROR)
    return response(status, code, detail, headers=headers)
