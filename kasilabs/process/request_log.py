"""One line for each finished request in the process log: method, path, status, who. No query, no reset key."""

from django.http import HttpRequest
from django_structlog.middlewares import RequestMiddleware

from kasilabs.process.process_log import mask_keys


class RequestLogMiddleware(RequestMiddleware):
    """Logs what django-structlog logs, without the keys that would open an account to whoever reads the log."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        return f"{request.method} {mask_keys(request.path)}"
