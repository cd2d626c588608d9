"""What a plugin's answer must never carry to an agent: secrets, the customer's phone number,
tokens of the platform, stack traces. Keys, strings and numbers as text are read, after JSON decoding.
"""

import base64
import binascii
import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kasilabs.calls import chat_token
from kasilabs.calls.dispatch.tokens import PLATFORM_TYP
from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.texts import texts
from kasilabs.lib.text.sensitive import Sensitive, SensitiveKind

MIN_SECRET = 8
"""Shorter secrets are refused when they are entered: any text could contain them."""

_TOKEN_HEADER = re.compile(r"eyJ[\w-]{8,400}(?=\.[\w-]+\.)")
"""No header of ours is longer. Here and below, what could be begun anywhere and go on for long is bounded: a hostile
answer must not take time that grows with the square of its length."""

_BEGIN = re.compile("eyJ")
_STACK_TRACE = re.compile(
    r"Traceback \(most recent call last\)"  # Python
    r'|File "[^"\n]+", line \d+, in '
    r"|\bat [\w.$<>]+\([\w$]+\.(?:java|kt|scala):\d+\)"  # Java
    r"|\bat (?:async )?(?:[\w.$<>\[\] ]{1,300} \()?(?:file://|node:|/|[A-Za-z]:\\)[^\s()]+:\d+:\d+\)?"  # Node
    r"|PHP (?:Fatal error|Warning|Notice):|#\d+ (?:/|[A-Za-z]:\\)[^\s(]+\(\d+\):"  # PHP
    r"|\bat [\w.`<>+\[\],]+\([^)\n]{0,500}\) in [^\n]{1,500}:line \d+"  # .NET
    r"|goroutine \d+ \[[\w ,]+\]:|\.go:\d+ \+0x[0-9a-f]+"  # Go
)


class LeakKind(StrEnum):
    """What was found."""

    SECRET = "secret"
    PHONE = "phone"
    TOKEN = "token"
    STACK_TRACE = "stack_trace"


@dataclass(frozen=True)
class Leak:
    """What a document gives away, and where. A key that does so is the last name of the pointer."""

    kind: LeakKind
    pointer: str


def find_leak(document: Any, *, secrets: Collection[str], phones: Collection[str]) -> Leak | None:
    """Returns the first thing the document gives away, or None. `phones` are E.164 with plus."""
    known = [secret for secret in secrets if len(secret) >= MIN_SECRET]
    sensitive = Sensitive(secrets=known, phones=phones, only_known=True)
    for path, text in texts(document):
        found = sensitive.find(text)
        kind: LeakKind | None = None
        if found is not None:
            kind = LeakKind.PHONE if found is SensitiveKind.PHONE else LeakKind.SECRET
        elif _STACK_TRACE.search(text):
            kind = LeakKind.STACK_TRACE
        elif _has_token(text):
            kind = LeakKind.TOKEN
        if kind is not None:
            return Leak(kind, json_pointer.join(path))
    return None


def _has_token(text: str) -> bool:
    """Returns whether a token of the platform is in `text`, also one of another call, whose header names its use.

    Letters that begin like a header may stand before it.
    """
    headers = (
        match[0][begin.start() :] for match in _TOKEN_HEADER.finditer(text) for begin in _BEGIN.finditer(match[0])
    )
    return any(_typ(header) in {PLATFORM_TYP, chat_token.TYP} for header in headers)


def _typ(header: str) -> object:
    try:
        decoded = json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (binascii.Error, ValueError):
        return None
    return decoded.get("typ") if isinstance(decoded, dict) else None
