"""Reading the pages of the log in tests."""

import datetime as dt
import html
import re
from urllib.parse import urljoin

from django.test import Client

from tests.support.visits import page

NOON = dt.datetime(2026, 11, 3, 12, 0, tzinfo=dt.UTC)


def call_ids(client: Client, url: str) -> list[str]:
    """Return the ids of the calls a page shows, in order."""
    return re.findall(r'<tr id="(call_\w+)"', page(client.get(url)))


def minutes(count: int) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def link(markup: str, identifier: str, base: str = "/o/kasi-legal/logs/") -> str:
    """Return where a link on the page at `base` leads."""
    found = re.search(rf'<a id="{identifier}" href="([^"]+)"', markup)
    assert found
    return urljoin(base, html.unescape(found[1]))
