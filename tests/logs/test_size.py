"""How large the pages of the log get at their worst: every filter set, names as long as they may be."""

import html
import re

from kasilabs.logs import search
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import CallState
from tests.logs.pages import NOON, link, minutes
from tests.support import factories
from tests.support.markup import MOST_COMPRESSED_BYTES, compressed_size
from tests.support.visits import As, page

KINDS = 13
HOURS = "since=2026-11-03T00:00:00Z&until=2026-11-04T00:00:00Z"


def crowd(cast: factories.Cast) -> str:
    """Fill a log with calls of many long names, most of them of one kind; return the query for those."""
    names = [f"{serial:02} {'Ünïcode & <b>' * 5}"[:60] for serial in range(KINDS)]
    numbers = [factories.number(cast.organization, name) for name in names]
    states, gates = list(CallState), list(Gate)
    for serial in range(KINDS):
        kind = {"plugin": f"P{serial:02}{'X' * 27}", "tool": f"t{serial:02}{'_x' * 14}_", "gate": gates[serial]}
        factories.call(numbers[serial], at=NOON - minutes(500 + serial), state=states[serial % 6], mode="live", **kind)
    kind = {"plugin": f"P00{'X' * 27}", "tool": f"t00{'_x' * 14}_", "gate": Gate.ORGANIZATION_INSTALLATION}
    for serial in range(3 * search.PAGE_SIZE):
        call = factories.call(
            numbers[0], at=NOON - minutes(serial), state=CallState.PLUGIN_FAULT, duration_ms=123_456, **kind
        )
    asked = {**kind, "status": "plugin_fault", "mode": "sandbox", "number": call.number_id}
    return "&".join([*(f"{name}={value}" for name, value in asked.items()), HOURS])


def test_no_page_of_the_log_is_larger_than_fifteen_kilobytes_gzipped(cast: factories.Cast, as_: As) -> None:
    client, url = as_(cast.operator), f"/o/kasi-legal/logs/?{crowd(cast)}"
    first = client.get(url)
    second = client.get(link(page(first), "older"))
    row, row_url = re.findall(r'<tr id="(call_\w+)"><td><a class="k-row" href="./([^"]+)"', page(second))[7]
    opened = client.get("/o/kasi-legal/logs/" + html.unescape(row_url))
    assert page(second).count('<tr id="call_') == page(opened).count('<tr id="call_') == search.PAGE_SIZE
    assert f'id="{row}" class="is-current"' in page(opened)
    assert max(compressed_size(answer.content) for answer in (first, second, opened)) <= MOST_COMPRESSED_BYTES
