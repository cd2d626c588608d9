"""Bodies that are there before a request begins to work, however slowly its client sends them.

A body is read where Django wants it, in the middle of the work. Who announces ten bytes and sends none would hold a
turn for as long as the connection lasts; here it holds a thread alone.
"""

import io
from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


def with_whole_body(application: WSGIApplication, *, most: Callable[[str], int]) -> WSGIApplication:
    """Wraps a WSGI application so that the body of a request has arrived when it is called.

    `most` returns how many bytes a path takes: a longer body is refused by what it announces, and nobody reads it.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        announced = environ.get("CONTENT_LENGTH") or "0"
        # The server has refused what is no number.
        length = int(announced) if announced.isdecimal() else 0
        if 0 < length <= most(environ.get("PATH_INFO", "")):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        return application(environ, start_response)

    return wrapped
