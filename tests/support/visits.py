"""Opening pages as somebody: the kind of the fixture `as_`, and what an answer says."""

import re
from collections.abc import Callable

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
