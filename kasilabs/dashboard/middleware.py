from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kasilabs.dashboard import errors


class MethodNotAllowedMiddleware:
    """Give the answer to a wrong method a page to read: Django has handlers for 400, 403, 404 and 500 alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405:
            return response
        return errors.method_not_allowed(request, response.headers["Allow"])
