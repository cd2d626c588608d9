"""Reading the pages of the log in tests."""

import datetime as dt
import html
import re
from urllib.parse import urljoin

from django.test import Client

NOON = dt.datetime(2026, 11, 3, 12, 0, tzinfo=dt.UTC)


def shown(client: Client, url: str) -> list[str]:
    """Return the ids of the calls a page shows, in order."""
    return re.findall(r'<tr id="(call_\w+)"', client.get(url).content.decode())


def minutes(count: int) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def link(page: str, identifier: str, base: str = "/o/kasi-legal/logs/") -> str:
    """Return where a link on the page at `base` leads."""
    found = re.search(rf'<a id="{identifier}" href="([^"]+)"', page)
    assert found
    return urljoin(base, html.unescape(found[1]))
