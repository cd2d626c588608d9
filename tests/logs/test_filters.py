import re
from typing import Any

import pytest
from django.utils import timezone

from kasilabs.logs.filters import Filters
from kasilabs.logs.models import CallState
from kasilabs.whatsapp.models import Instance
from tests.logs.pages import NOON, call_ids, minutes
from tests.support import factories
from tests.support.visits import As, page


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("status=refused", {"state": CallState.REFUSED}),
        ("plugin=GAS_OS", {"plugin": "GAS_OS"}),
        ("tool=gas_os__quote_order", {"plugin": "GAS_OS", "tool": "quote_order"}),
        ("plugin=GAS_OS&tool=quote_order", {"plugin": "GAS_OS", "tool": "quote_order"}),
        ("gate=tool_grant", {"gate": "tool_grant"}),
        ("gate=business", {"gate": "business"}),
        ("status=declined", {"state": CallState.DECLINED}),
        ("reason=ticket_closed", {"reason": "ticket_closed"}),
        ("status=plugin_fault&reason=http_status", {"state": CallState.PLUGIN_FAULT, "reason": "http_status"}),
        ("mode=live", {"mode": "live"}),
    ],
)
def test_a_filter_keeps_the_calls_that_fit(
    cast: factories.Cast, as_: As, number: Instance, query: str, columns: dict[str, Any]
) -> None:
    factories.call(number)
    fitting = factories.call(number, **columns)
    assert call_ids(as_(cast.operator), f"/o/kasi-legal/logs/?{query}") == [fitting.public_id]


def test_the_number_filter_takes_the_public_id(cast: factories.Cast, as_: As, number: Instance) -> None:
    factories.call(number)
    billing = factories.number(cast.organization, "Billing Support")
    fitting = factories.call(billing)
    assert call_ids(as_(cast.operator), f"/o/kasi-legal/logs/?number={billing.public_id}") == [fitting.public_id]


def test_filters_add_up(cast: factories.Cast, as_: As, number: Instance) -> None:
    factories.call(number, state=CallState.REFUSED, gate="tool_grant")
    factories.call(number, plugin="GAS_OS", state=CallState.REFUSED, gate="input_schema")
    fitting = factories.call(number, plugin="GAS_OS", state=CallState.REFUSED, gate="tool_grant")
    url = "/o/kasi-legal/logs/?plugin=GAS_OS&status=refused&gate=tool_grant&mode=sandbox&range=hour"
    assert call_ids(as_(cast.operator), url) == [fitting.public_id]


def test_times_are_read_in_the_zone_of_the_organization_and_the_end_is_left_out(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    factories.call(number, at=NOON - minutes(1))
    first = factories.call(number, at=NOON)
    factories.call(number, at=NOON + minutes(5))
    client = as_(cast.operator)
    assert call_ids(client, "/o/kasi-legal/logs/?since=2026-11-03T15:00&until=2026-11-03T15:05") == [first.public_id]
    utc = "/o/kasi-legal/logs/?since=2026-11-03T12:00:00.000Z&until=2026-11-03T12:05:00Z"
    assert call_ids(client, utc) == [first.public_id]


def test_a_range_counts_back_from_now(cast: factories.Cast, as_: As, number: Instance) -> None:
    now = timezone.now()
    calls = [factories.call(number, at=now - minutes(count)) for count in (1, 61, 25 * 60, 8 * 24 * 60)]
    client = as_(cast.operator)
    found = [len(call_ids(client, f"/o/kasi-legal/logs/?range={name}")) for name in ("hour", "day", "week", "")]
    assert found == [1, 2, 3, len(calls)]


@pytest.mark.parametrize(
    "query",
    [
        "status=broken",
        "gate=nothing",
        "mode=test",
        "range=year",
        "number=wa_1",
        "number=call_01m842txpremq8k9w39qsaekf4",
        "since=yesterday",
        "since=0001-01-01",
        "until=9999-12-31T23:59:59Z",
        "since=2026-11-04&until=2026-11-03",
        "call=wa_1",
        "plugin=" + "X" * 49,
        "tool=%00",
        "reason=%00",
        "reason=" + "x" * 65,
        "older=nonsense",
        "newer=a:b:c",
    ],
)
def test_what_cannot_be_read_is_a_sentence(cast: factories.Cast, as_: As, number: Instance, query: str) -> None:
    factories.call(number)
    answer = as_(cast.operator).get(f"/o/kasi-legal/logs/?{query}")
    assert answer.status_code == 422
    assert '<div class="alert bad k-summary" role="alert"' in page(answer)


def test_what_was_typed_stays(cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.operator).get("/o/kasi-legal/logs/?since=yesterday&status=refused"))
    assert 'value="yesterday"' in shown
    assert '<input type="hidden" name="status" value="refused">' in shown


def test_a_call_id_leads_to_the_call(cast: factories.Cast, as_: As, number: Instance) -> None:
    call, foreign = factories.call(number), factories.call(factories.number(cast.rival))
    client = as_(cast.operator)
    assert client.get(f"/o/kasi-legal/logs/?call={call.public_id}").headers["Location"] == (
        f"/o/kasi-legal/logs/{call.public_id}/"
    )
    answer = client.get(f"/o/kasi-legal/logs/?call={foreign.public_id}")
    assert answer.status_code == 422
    assert "There is no call with this id in this organization." in page(answer)


def test_facets_count_the_calls_and_keep_what_is_set(cast: factories.Cast, as_: As, number: Instance) -> None:
    for state in (CallState.SUCCEEDED, CallState.SUCCEEDED, CallState.REFUSED):
        factories.call(number, state=state)
    shown = page(as_(cast.operator).get("/o/kasi-legal/logs/?plugin=GAS_OS"))
    facets = re.sub(
        r"<[^>]+>|\s+", " ", shown[shown.index('id="facets"') : shown.index("</nav>", shown.index('id="facets"'))]
    )
    assert re.findall(r"(Succeeded|Refused|SUPPORT_DESK|GAS_OS) +(\d+)", facets) == [
        ("Succeeded", "2"),
        ("Refused", "1"),
        ("SUPPORT_DESK", "3"),
        ("GAS_OS", "0"),
    ]


def reason_links(markup: str) -> dict[str, tuple[str, str]]:
    """Return the count of each reason that the facets offer, and where a click on it leads."""
    found = re.findall(r'<a id="reason_\d+" href="([^"]+)"[^>]*>(.*?)</a>', markup, re.DOTALL)
    return {texts[0]: (texts[-1], leads_to) for leads_to, body in found if (texts := re.findall(r">([^<>\s]+)<", body))}


def test_the_facet_of_reasons_names_outcome_and_reason(cast: factories.Cast, as_: As, number: Instance) -> None:
    for _call in range(2):
        factories.call(number, state=CallState.DECLINED, reason="ticket_closed", gate="business")
    factories.call(number, state=CallState.PLUGIN_FAULT, reason="http_status")
    factories.call(number, state=CallState.REFUSED, reason="tool_off", gate="tool_grant")
    client = as_(cast.operator)
    assert reason_links(page(client.get("/o/kasi-legal/logs/"))) == {
        "ticket_closed": ("2", "./?status=declined&amp;reason=ticket_closed"),
        "http_status": ("1", "./?status=plugin_fault&amp;reason=http_status"),
    }
    refused = reason_links(page(client.get("/o/kasi-legal/logs/?status=refused")))
    assert refused == {"tool_off": ("1", "./?status=refused&amp;reason=tool_off")}
    chosen = reason_links(page(client.get("/o/kasi-legal/logs/?reason=ticket_closed")))
    assert chosen["ticket_closed"] == ("2", "./")


def test_another_outcome_drops_the_reason() -> None:
    asked = Filters(status="declined", reason="ticket_closed")
    assert asked.change(status="refused") == Filters(status="refused")
    assert asked.change(mode="live").reason == "ticket_closed"


def test_a_set_filter_is_a_chip_that_takes_it_away(cast: factories.Cast, as_: As, number: Instance) -> None:
    factories.call(number, state=CallState.REFUSED)
    shown = page(as_(cast.operator).get("/o/kasi-legal/logs/?status=refused&mode=sandbox"))
    chip = re.search(r'<a class="k-chip set" href="([^"]+)" aria-label="Remove filter Outcome Refused">', shown)
    assert chip
    assert chip[1] == "./?mode=sandbox"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "mode=sandbox&status=succeeded&plugin=SUPPORT_DESK&tool=create_support_ticket",
            "?status=succeeded&amp;plugin=SUPPORT_DESK&amp;tool=create_support_ticket&amp;mode=sandbox",
        ),
        (
            "status=open&mode=sandbox&since=2026-11-03T00:00:00Z",
            "?status=open&amp;mode=sandbox&amp;since=2026-11-03T00:00Z",
        ),
        ("", ""),
    ],
)
def test_a_row_leads_to_its_call_beside_the_same_list(
    cast: factories.Cast, as_: As, number: Instance, asked: str, said: str
) -> None:
    state = CallState.OPEN if "open" in asked else CallState.SUCCEEDED
    call, client = factories.call(number, state=state, at=NOON), as_(cast.operator)
    factories.call(number, state=CallState.LOST, mode="live")
    shown = page(client.get(f"/o/kasi-legal/logs/?{asked}"))
    assert f'href="./{call.public_id}/{said}#{call.public_id}"' in shown
    beside = client.get(f"/o/kasi-legal/logs/{call.public_id}/{said.replace('&amp;', '&')}")
    again = client.get(f"/o/kasi-legal/logs/?{asked}")
    assert beside.context["filters"] == again.context["filters"]
    assert [row.id for row in beside.context["page"].rows] == [row.id for row in again.context["page"].rows]


def test_equal_filters_say_the_same_in_the_url() -> None:
    filters = Filters(status="refused", plugin="GAS_OS", tool="quote_order")
    assert filters.query() == "?status=refused&plugin=GAS_OS&tool=quote_order"
    assert filters.change(plugin="SUPPORT_DESK").query() == "?status=refused&plugin=SUPPORT_DESK"
