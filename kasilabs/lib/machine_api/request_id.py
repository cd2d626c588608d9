"""One id for each request: in every response, every line of the process log, audit entries and log rows."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Id"
_FORM = re.compile(r"[A-Za-z0-9-]{8,64}")


class RequestIdMiddleware:
    """Keeps the id a request brings when it has the agreed form, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        inbound = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = inbound if _FORM.fullmatch(inbound) else str(uuid.uuid4())
        # django-structlog reads it from there.
        request.META["HTTP_X_REQUEST_ID"] = request_id
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        response.headers[HEADER] = request_id
        return response


def current(request: HttpRequest) -> str:
    """Returns the id of this request."""
    return str(request.META.get("HTTP_X_REQUEST_ID", ""))
