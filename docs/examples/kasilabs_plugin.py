"""The part every plugin needs: take a tool call, prove that it comes from KasiLabs, answer with one JSON object.

Copy this file. It needs PyJWT and Python's standard library. The tools themselves stand in the file beside it.
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

Answer = tuple[int, dict[str, Any]]
Tool = Callable[[dict[str, Any]], Answer]
CLAIMS = ["iss", "aud", "sub", "exp", "iat", "jti", "bsh", "call"]
MOST_BYTES = 1024 * 1024
"""More than any call of the platform; what is cut off here does not fit its token."""


class NotFromKasiLabs(Exception):
    """The token is missing, forged, too old, or made for another plugin, tool or body."""


def verify(authorization: str, body: bytes, *, slug: str, secrets: list[str], platform_url: str) -> dict[str, Any]:
    """Return the call a valid platform token belongs to. Raises NotFromKasiLabs; reads nothing of a body unproved."""
    token = authorization.removeprefix("Bearer ")
    try:
        claims = claims_of(token, slug=slug, secrets=secrets, platform_url=platform_url)
        typ = jwt.get_unverified_header(token).get("typ")
    except jwt.PyJWTError as error:
        raise NotFromKasiLabs(type(error).__name__) from error
    digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
    if typ != "tool-call+jwt" or not hmac.compare_digest(claims["bsh"], digest):
        raise NotFromKasiLabs("the token belongs to another body")
    return call_in(body, claims)


def claims_of(token: str, *, slug: str, secrets: list[str], platform_url: str) -> dict[str, Any]:
    """Return the claims of a token that one of `secrets` has signed. An empty secret would let everybody in."""
    for secret in filter(None, secrets):
        try:
            return jwt.decode(
                token,
                secret,
                algorithms=["HS256"],
                audience=slug,
                issuer=platform_url,
                leeway=10,
                options={"require": CLAIMS},
            )
        except jwt.InvalidSignatureError:
            continue
    raise NotFromKasiLabs("no secret of this plugin has signed the token")


def call_in(body: bytes, claims: dict[str, Any]) -> dict[str, Any]:
    """Return the call in a body that its token proves."""
    try:
        call: dict[str, Any] = json.loads(body)
        named = (call["tool"], call["id"])
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise NotFromKasiLabs("the body is no call") from error
    if (claims["sub"], claims["call"]) != named:
        raise NotFromKasiLabs("the token belongs to another tool or call")
    return call


def error(status: int, code: str, message: str) -> Answer:
    """An error; with 400 to 499, but not 401, 403, 408 and 429, a decline that the agent tells the customer."""
    return status, {"error": {"code": code, "message": message}}


class Plugin:
    """Tools behind one address. A call id that comes again gets the answer of the first time: nothing happens twice."""

    def __init__(self, slug: str, tools: dict[str, Tool]) -> None:
        self.slug, self.tools = slug, tools
        self.secrets = os.environ.get("PLUGIN_TOOL_SECRET", "").replace(" ", "").split(",")
        if not any(self.secrets):
            sys.exit("PLUGIN_TOOL_SECRET is empty: set it to the tool-call secret, plsec_…, that was shown once.")
        self.platform_url = os.environ["PLATFORM_URL"]
        self.answers: dict[str, Answer] = {}
        self.lock = threading.Lock()

    def handle(self, authorization: str, body: bytes) -> Answer:
        try:
            call = verify(authorization, body, slug=self.slug, secrets=self.secrets, platform_url=self.platform_url)
        except NotFromKasiLabs:
            return error(401, "invalid_token", "This call does not come from KasiLabs.")
        tool = self.tools.get(call["tool"])
        if tool is None:
            return error(404, "unknown_tool", "This plugin has no such tool.")
        with self.lock:
            if call["id"] not in self.answers:
                self.answers[call["id"]] = tool(call)
            return self.answers[call["id"]]

    def serve(self, port: int) -> None:
        plugin = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # Headers and body in one write; a second one waits for the first to be acknowledged.

            def do_POST(self) -> None:
                body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MOST_BYTES))
                status, answer = plugin.handle(self.headers.get("Authorization", ""), body)
                raw = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *line: Any) -> None:
                sys.stderr.write(f"{plugin.slug} {line[0] % line[1:]}\n")

        ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
