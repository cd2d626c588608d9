"""Opening pages as somebody: the kind of the fixture `as_`, and what an answer says."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.test import Client

from kasilabs.accounts.models import User
from tests.support.markup import one_line

As = Callable[[User], Client]


def page(answer: HttpResponseBase) -> str:
    """Returns the page of an answer on one line; see `one_line`."""
    return one_line(answer.content.decode())  # type: ignore[attr-defined]
