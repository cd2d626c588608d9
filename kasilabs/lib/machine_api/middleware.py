"""The two middlewares of the machine API. MIDDLEWARE lists both; what stands below the second is for pages alone.

Sessions, CSRF, messages and the rest would add 0.24 ms of CPU to every request of a machine, where a tool call takes
2.0 ms, a tool list 0.6 and a health check 0.08 (measured in turns on 2026-11-27, two cores).
"""

from collections.abc import Callable

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import resolve

from kasilabs.lib.machine_api import problems

log = structlog.get_logger(__name__)
GetResponse = Callable[[HttpRequest], HttpResponse]


class MachineApiMiddleware:
    """Caps every body before anything reads it, and answers each refusal of the machine API as problem+json.

    A call that was carried out has its row in the plugin log; the process log tells what was refused.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Raises RequestDataTooBig for a page."""
        length = _declared_length(request)
        if not problems.is_machine_api(request.path_info):
            # Django bounds the fields of a form, but writes a file of any size to disk before it asks who sent it.
            if length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
                raise RequestDataTooBig
            return self.get_response(request)
        response = problems.generic(413) if length > problems.MAX_BODY_BYTES else self.get_response(request)
        if response.status_code >= 400:
            if "json" not in response.headers.get("Content-Type", ""):
                kept = {name: response.headers[name] for name in ("Allow", "Retry-After") if name in response.headers}
                response = problems.generic(response.status_code, headers=kept)
            log.info("request_finished", request=f"{request.method} {request.path}", code=response.status_code)
        return response


def _declared_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return problems.MAX_BODY_BYTES + 1


class MachineViewMiddleware:
    """Calls the views of the machine API itself, so that their requests pass only the middleware above this one.

    The sign-in check is below: a view that is not open by a policy of its own does not exist for machines.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Raises Http404."""
        if not problems.is_machine_api(request.path_info):
            return self.get_response(request)
        match = resolve(request.path_info)
        if getattr(match.func, "login_required", True):
            raise Http404
        request.resolver_match = match
        response: HttpResponse = match.func(request, *match.args, **match.kwargs)
        return response
