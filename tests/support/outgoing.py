"""Short words for tests of the outgoing HTTP client."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kasilabs.lib.http import client as http


@contextmanager
def client(allowed: str = "127.0.0.1", *, connections: int = 8, **kw: Any) -> Iterator[http.Client]:
    """Give a client that is closed afterwards; loopback is allowed unless told otherwise."""
    made = http.Client(allowed=http.AllowedHosts.parse(allowed), connections=connections, **kw)
    try:
        yield made
    finally:
        made.close()


def post(made: http.Client, url: str, *, seconds: float = 60.0, body: bytes = b"{}", **kw: Any) -> http.Answer:
    headers = kw.pop("headers", {"Content-Type": "application/json"})
    return made.post(url, body=body, headers=headers, deadline=time.monotonic() + seconds, **kw)


def failure(made: http.Client, url: str, **kw: Any) -> http.SendFailed:
    with pytest.raises(http.SendFailed) as caught:
        post(made, url, **kw)
    return caught.value


def reason(made: http.Client, url: str, **kw: Any) -> tuple[http.Reason, bool]:
    """Return why a request fails, and whether it may have been sent."""
    failed = failure(made, url, **kw)
    return failed.reason, failed.sent
