"""Chunked bodies (RFC 9112, section 7.1) for the machine API.

WSGI has no way to say that a body is chunked: Django reads as many bytes as CONTENT_LENGTH says, and a chunked request
has no CONTENT_LENGTH, so its body would read as empty.
"""

import io
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from kasilabs.lib.machine_api.problems import MAX_BODY_BYTES, is_machine_api


def with_content_length(application: WSGIApplication) -> WSGIApplication:
    """Wraps a WSGI application so that a chunked body has a length.

    At most one byte over the limit is read; that byte makes the body too large.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        is_chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower().endswith("chunked")
        if is_chunked and not environ.get("CONTENT_LENGTH") and is_machine_api(environ.get("PATH_INFO", "")):
            body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return wrapped
