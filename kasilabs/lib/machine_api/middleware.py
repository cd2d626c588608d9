"""The machine doors, answered past everything that only pages need: sessions, forms, messages, rules for scripts.

What the sign-in middleware is to pages is one question here: a view without a policy of its own does not open.
"""

from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.middleware.security import SecurityMiddleware
from django.urls import resolve

from kasilabs.lib.machine_api import problems, request_id

log = structlog.get_logger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]


class MachineDoorMiddleware:
    """Cap every body before anything reads it; answer the machine doors, in JSON whatever happens.

    A call that was carried out has its row in the plugin log; the process log tells of what was refused.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        inner: Any = convert_exception_to_response(_view)
        outer: Any = SecurityMiddleware(CommonMiddleware(inner))
        self._answer: Any = convert_exception_to_response(outer)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(problems.DOORS):
            _refuse_large(request)
            return self.get_response(request)
        with structlog.contextvars.bound_contextvars(request_id=request_id.current(request)):
            answer = self._answered(request)
            if answer.status_code >= 400:
                log.info("request_finished", request=f"{request.method} {request.path}", code=answer.status_code)
        return answer

    def _answered(self, request: HttpRequest) -> HttpResponse:
        if _declared_length(request) > problems.MAX_BODY_BYTES:
            return problems.generic(413)
        answer: HttpResponse = self._answer(request)
        if answer.status_code >= 400 and "json" not in answer.headers.get("Content-Type", ""):
            kept = {name: answer.headers[name] for name in ("Allow", "Retry-After") if name in answer.headers}
            return problems.generic(answer.status_code, headers=kept)
        return answer


def _view(request: HttpRequest) -> HttpResponse:
    """Find the view and ask it. Raises Http404, also for a view that waits for somebody signed in."""
    match = resolve(request.path_info)
    if getattr(match.func, "login_required", True):
        raise Http404
    request.resolver_match = match
    answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
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
        return problems.MAX_BODY_BYTES + 1
