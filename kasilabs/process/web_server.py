"""What gunicorn itself logs and answers, as the rest of the platform does. Written for gunicorn 27."""

import logging
import socket
import uuid
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from gunicorn import glogging, util
from gunicorn.http import wsgi

from kasilabs.lib.machine_api import problems, request_id
from kasilabs.process.process_log import mask_keys


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger, whose lines hold no keys: also those of the access log, and the headers in them."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in (*self.error_log.handlers, *self.access_log.handlers):
            handler.setFormatter(_Masking(handler.formatter))


class _Masking(logging.Formatter):
    def __init__(self, inner: logging.Formatter | None) -> None:
        super().__init__()
        self._inner = inner or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        return mask_keys(self._inner.format(record))


def answer_in_problems() -> None:
    """Lets gunicorn say in problem+json what it refuses itself, before Django sees a request.

    It does not know then who asks, or under which address: people get a problem too.
    """
    util.write_error = _write_problem


def _write_problem(client: socket.socket, status: int, reason: str, _message: str) -> None:
    headers = {"Connection": "close", "X-Content-Type-Options": "nosniff", request_id.HEADER: str(uuid.uuid4())}
    answer = problems.generic(status, headers=headers)
    answer.headers["Content-Length"] = str(len(answer.content))
    head = f"HTTP/1.1 {status} {reason}\r\n".encode("latin-1") + answer.serialize_headers()
    util.write_nonblock(client, head + b"\r\n\r\n" + answer.content)


def close_after_413(application: WSGIApplication) -> WSGIApplication:
    """Wraps a WSGI application so that the answer to a body that nobody reads says `Connection: close`.

    gunicorn drops what it has not read, and the connection with it; a client that was not told loses its next request.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            response = getattr(start_response, "__self__", None)
            if status.startswith("413") and isinstance(response, wsgi.Response):
                response.force_close()
            return start_response(status, headers, exc_info)

        return application(environ, start)

    return wrapped
