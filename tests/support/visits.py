"""Opening pages as somebody: the kind of the fixture `as_`, and what an answer says."""

import html
import re
from collections.abc import Callable, Mapping
from typing import Any

from django.core.mail import EmailMessage
from django.http import HttpResponseBase
from django.test import Client

from kasilabs.accounts.models import User
from tests.support.markup import one_line

As = Callable[[User], Client]


def page(answer: HttpResponseBase) -> str:
    """Returns the page of an answer on one line; see `one_line`."""
    return one_line(answer.content.decode())  # type: ignore[attr-defined]


def link_in(message: EmailMessage) -> str:
    """Returns the path of the link that a mail about an account leads to."""
    found = re.search(r"http://127\.0\.0\.1:8000(/accounts/\S+)", str(message.body))
    assert found
    return found.group(1)


def hidden_fields(answer: HttpResponseBase) -> dict[str, str]:
    """Returns what a browser sends back with the form of a page besides what a person sees."""
    found = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page(answer))
    return {name: html.unescape(value) for name, value in found}


def send(client: Client, url: str, data: Mapping[str, Any], **options: Any) -> Any:
    """Opens a page and sends its form as a browser does."""
    return client.post(url, {**hidden_fields(client.get(url)), **data}, **options)
