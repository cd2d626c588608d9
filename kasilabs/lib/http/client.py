"""The one outgoing HTTP client: requests that end by their deadline and reach only hosts they are meant to reach."""

import http.client
import re
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import requests.adapters
import requests.utils
import urllib3
from django.conf import settings
from requests.structures import CaseInsensitiveDict
from urllib3.exceptions import EmptyPoolError, HTTPError

from kasilabs.lib.http.addresses import Lookups, Resolve, ask_system
from kasilabs.lib.http.attempt import Attempt, Head, Reason, SendFailed, Timings
from kasilabs.lib.http.hosts import AllowedHosts, Target
from kasilabs.lib.http.pools import Limits, Pools
from kasilabs.lib.http.routes import allowed_route, public_route

__all__ = ["AllowedHosts", "Answer", "Client", "Head", "Reason", "SendFailed", "Timings", "shared_client"]

_HEAD_BYTES = 128 * 1024
_FRAMING = 8
"""The smallest chunk carries one byte of body in six."""

_OWN_HEADERS = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_HEADER_VALUE = re.compile(r"[\t -~]*")


@dataclass(frozen=True)
class Answer:
    """A complete answer of any status, redirects included. `headers` is looked up in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    timings: Timings
    reused: bool


class _Adapter(requests.adapters.HTTPAdapter):
    """Sends requests through our pools, by our reading of the URL, with one TLS context for the process."""

    def __init__(self, pools: Pools) -> None:
        self._pools = pools
        super().__init__()

    def init_poolmanager(self, *_args: Any, **_kw: Any) -> None:
        self.poolmanager = self._pools

    def get_connection_with_tls_context(self, request: Any, *_args: Any, **_kw: Any) -> urllib3.HTTPConnectionPool:
        target = Target.parse(request.url)
        return self._pools.connection_from_host(target.host, target.port, target.scheme)

    def request_url(self, request: Any, _proxies: Any) -> str:
        return Target.parse(request.url).path

    def cert_verify(self, *_args: Any, **_kw: Any) -> None:
        """Does nothing: the TLS context knows the certificate authorities; requests would read them per connection."""


class _Session(requests.Session):
    """A session that reads no environment, keeps no cookie and follows no redirect."""

    def __init__(self, pools: Pools, *schemes: str) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        for scheme in schemes:
            self.mount(f"{scheme}://", _Adapter(pools))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Returns no target: asked not to follow, requests would still read the body and prepare the next request."""


class Client:
    """Connections of one process, shared by its threads; two sessions, so that they never mix.

    `connections` is per host and should be the number of threads; `idle_seconds` is how long one is reused;
    `ca_file` replaces the usual certificate authorities.
    """

    def __init__(
        self,
        *,
        allowed: AllowedHosts,
        connections: int,
        connect_seconds: float = 2.0,
        idle_seconds: float = 4.0,
        ca_file: str | None = None,
        resolve: Resolve = ask_system,
    ) -> None:
        self._allowed = allowed
        lookups = Lookups(resolve)
        tls = ssl.create_default_context(cafile=ca_file or requests.utils.DEFAULT_CA_BUNDLE_PATH)
        pools = partial(Pools, connections=connections, limits=Limits(connect_seconds, idle_seconds), tls=tls)
        self._public_session = _Session(pools(partial(public_route, lookups)), "https")
        self._allowed_session = _Session(pools(partial(allowed_route, allowed, lookups)), "https", "http")

    def post(self, url: str, *, body: bytes, headers: Mapping[str, str], deadline: float, limit: int = 65536) -> Answer:
        """Sends one request, once, and returns whatever is answered before `deadline` (`time.monotonic()`).

        `limit` is in bytes of body. Raises SendFailed; ValueError for a header that cannot be sent. A URL this client
        does not post to (other scheme, user info, plain http to a host that is not allowed) is BLOCKED_ADDRESS.
        """
        _check(headers)
        return self._send(_request("POST", url, headers, body), deadline, limit)

    def get(self, url: str, *, deadline: float, limit: int = 65536) -> Answer:
        """Asks for a JSON document, once, under the rules of `post`."""
        return self._send(_request("GET", url, {"Accept": "application/json"}, None), deadline, limit)

    def _send(self, request: requests.PreparedRequest, deadline: float, limit: int) -> Answer:
        attempt = Attempt(deadline, _HEAD_BYTES + _FRAMING * limit)
        session = self._session(str(request.url), attempt)
        try:
            options: Any = {"timeout": attempt, "stream": True}
            with closing(session.send(request, **options)) as response:
                return _read(response, attempt, limit)
        except EmptyPoolError as error:
            raise attempt.failed(Reason.TIMEOUT) from error
        except (requests.RequestException, HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            raise attempt.failed(Reason.BROKEN if attempt.sent else Reason.UNREACHABLE) from error

    def close(self) -> None:
        self._public_session.close()
        self._allowed_session.close()

    def _session(self, url: str, attempt: Attempt) -> _Session:
        try:
            target = Target.parse(url)
        except ValueError as error:
            raise attempt.failed(Reason.BLOCKED_ADDRESS) from error
        if self._allowed.permits(target.host, target.port):
            return self._allowed_session
        if target.scheme != "https":
            raise attempt.failed(Reason.BLOCKED_ADDRESS)
        return self._public_session


def _check(headers: Mapping[str, str]) -> None:
    """Raises ValueError for headers that are the client's own, and for whatever could end a header line early."""
    for name, value in headers.items():
        if name.lower() in _OWN_HEADERS or not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the header {name!r} cannot be sent with this value")


def _request(method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> requests.PreparedRequest:
    """Fills a request by hand: preparing it would look into netrc and the cookie jar and quote the URL anew."""
    request = requests.PreparedRequest()
    request.method, request.url, request.body = method, url, body
    length = {} if body is None else {"Content-Length": str(len(body))}
    own = {"Accept-Encoding": "identity", **length, "User-Agent": "KasiLabs"}
    request.headers = CaseInsensitiveDict({**headers, **own})
    return request


def _read(response: requests.Response, attempt: Attempt, limit: int) -> Answer:
    """Reads a body of at most `limit` bytes in identity encoding, complete by its own account."""
    raw = response.raw
    attempt.head = Head(response.status_code, response.headers, raw.length_remaining)
    content = response.headers.get("Content-Encoding", "identity").strip().lower()
    transfer = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if content not in ("", "identity") or transfer != "chunked":
        raise attempt.failed(Reason.ENCODING)
    if (raw.length_remaining or 0) > limit:
        raise attempt.failed(Reason.TOO_LARGE)
    body = raw.read(limit + 1, decode_content=False)
    if len(body) > limit:
        raise attempt.failed(Reason.TOO_LARGE)
    if raw.length_remaining:
        raise attempt.failed(Reason.BROKEN)
    return Answer(response.status_code, response.headers, body, attempt.timings(), attempt.reused)


def shared_client() -> Client:
    """Returns this process's client for the project's settings, made at the first use: after gunicorn forked."""
    return _client(settings.PLUGIN_HOSTS_ALLOWED, settings.WEB_THREADS, settings.PLUGIN_CA_FILE)


@cache
def _client(allowed: str, threads: int, ca_file: str) -> Client:
    return Client(allowed=AllowedHosts.parse(allowed), connections=threads, ca_file=ca_file or None)
