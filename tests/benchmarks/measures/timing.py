"""Pages as somebody signed in gets them, answered inside this process: what the server alone needs."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kasilabs.accounts.models import User

TIMES = 15
OURS_ALONE = ("django_session", "accounts_user", "accounts_member")
"""Tables of session, user and membership, which the budget of queries leaves out."""


@dataclass(frozen=True)
class Page:
    """A page, the median time of some visits, and the queries beside session, user and membership."""

    body: bytes
    milliseconds: float
    queries: int


def _signed_in(user: User) -> Client:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(user)
    return client


def measure_page(user: User, path: str) -> Page:
    """Visit a page some times, as somebody."""
    client = _signed_in(user)
    _get(client, path)
    with CaptureQueriesContext(connection) as captured:
        body = _get(client, path)
    counted = [query["sql"] for query in captured.captured_queries if not _is_left_out(query["sql"])]
    return Page(body, median(_timed(lambda: _get(client, path)) for _ in range(TIMES)), len(counted))


def _get(client: Client, path: str) -> bytes:
    """Return a page. Raises ValueError when it is not there."""
    answer = client.get(path, secure=True)
    if answer.status_code != 200:
        raise ValueError(f"{path} answers {answer.status_code}")
    return answer.content


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _is_left_out(sql: str) -> bool:
    return any(f'FROM "{table}"' in sql for table in OURS_ALONE) or sql in {"BEGIN", "COMMIT"}
