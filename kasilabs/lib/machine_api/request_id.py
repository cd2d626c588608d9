"""One id for each request: in every answer, in every process log line, in audit entries and log rows."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
_FORM = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIdMiddleware:
    """Keep an inbound id only when it has the agreed form; django-structlog reads it from META afterwards."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        inbound = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = inbound if _FORM.fullmatch(inbound) else str(uuid.uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response


def current(request: HttpRequest) -> str:
    """Return the id of this request."""
    return str(request.META.get("HTTP_X_REQUEST_ID", ""))
