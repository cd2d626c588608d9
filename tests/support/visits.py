"""Opening pages as somebody: the kind of the fixture `as_`, and what an answer says."""

from collections.abc import Callable

from django.http import HttpResponseBase
from django.test import Client

from kasilabs.accounts.models import User

As = Callable[[User], Client]


def page(answer: HttpResponseBase) -> str:
    return answer.content.decode()  # type: ignore[attr-defined,no-any-return]
