"""Bodies sent in chunks (RFC 9112, section 7.1) at the machine doors, given the length WSGI has no other word for.

Django reads as many bytes as CONTENT_LENGTH says, and a chunked request has none: its body would read as empty.
"""

import io
from collections.abc import Callable, Iterable
from typing import Any

from kasilabs.lib.machine_api.problems import DOORS, MAX_BODY_BYTES

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def measured(application: Application) -> Application:
    """Wrap `application`: it sees a chunked body up to one byte over the limit, and that byte makes it too large."""

    def wrapped(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if _is_chunked(environ) and environ.get("PATH_INFO", "").startswith(DOORS):
            body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        return application(environ, start_response)

    return wrapped


def _is_chunked(environ: Environ) -> bool:
    coding = environ.get("HTTP_TRANSFER_ENCODING", "")
    return not environ.get("CONTENT_LENGTH") and coding.lower().endswith("chunked")
