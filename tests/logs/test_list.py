import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kasilabs.accounts.models import User
from kasilabs.logs import read
from kasilabs.logs.filters import Filters
from kasilabs.logs.models import Call, CallState
from kasilabs.whatsapp.models import Instance
from tests import make

SignIn = Callable[[User], Client]
NOON = dt.datetime(2026, 11, 3, 12, 0, tzinfo=dt.UTC)


def shown(client: Client, url: str) -> list[str]:
    """Return the ids of the calls a page shows, in order."""
    return re.findall(r'<tr id="(call_\w+)"', client.get(url).content.decode())


def minutes(count: int) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def test_an_operator_sees_the_calls_of_the_organization_newest_first(
    cast: make.Cast, as_: SignIn, number: Instance
) -> None:
    old, new = make.call(number, at=NOON), make.call(number, at=NOON + minutes(1))
    make.call(make.number(cast.rival), at=NOON)
    assert shown(as_(cast.operator), "/o/kasi-legal/logs/") == [new.public_id, old.public_id]


def test_a_row_says_when_how_which_tool_where_why_and_how_long(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    make.call(number, at=NOON, state=CallState.REFUSED, status=403, code="refused", gate="tool_grant", duration_ms=1500)
    page = as_(cast.operator).get("/o/kasi-legal/logs/").content.decode()
    row = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page[page.index('<tr id="call_') : page.index("</tbody>")]))
    words = ["15:00:00", "Refused", "support_desk__create_support_ticket", "Legal Consultations", "tool_grant", "1.5 s"]
    assert [word for word in words if word not in row] == []


def test_without_any_call_the_page_says_what_will_stand_there(cast: make.Cast, as_: SignIn) -> None:
    assert "No call yet" in as_(cast.operator).get("/o/kasi-legal/logs/").content.decode()


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("status=refused", {"state": CallState.REFUSED}),
        ("plugin=GAS_OS", {"plugin": "GAS_OS"}),
        ("tool=gas_os__quote_order", {"plugin": "GAS_OS", "tool": "quote_order"}),
        ("plugin=GAS_OS&tool=quote_order", {"plugin": "GAS_OS", "tool": "quote_order"}),
        ("gate=tool_grant", {"gate": "tool_grant"}),
        ("mode=live", {"mode": "live"}),
    ],
)
def test_a_filter_keeps_the_calls_that_fit(
    cast: make.Cast, as_: SignIn, number: Instance, query: str, columns: dict[str, str]
) -> None:
    make.call(number)
    fitting = make.call(number, **columns)
    assert shown(as_(cast.operator), f"/o/kasi-legal/logs/?{query}") == [fitting.public_id]


def test_the_number_filter_takes_the_public_id(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    make.call(number)
    billing = make.number(cast.organization, "Billing Support")
    fitting = make.call(billing)
    assert shown(as_(cast.operator), f"/o/kasi-legal/logs/?number={billing.public_id}") == [fitting.public_id]


def test_filters_add_up(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    make.call(number, state=CallState.REFUSED, gate="tool_grant")
    make.call(number, plugin="GAS_OS", state=CallState.REFUSED, gate="input_schema")
    fitting = make.call(number, plugin="GAS_OS", state=CallState.REFUSED, gate="tool_grant")
    url = "/o/kasi-legal/logs/?plugin=GAS_OS&status=refused&gate=tool_grant&mode=sandbox&range=hour"
    assert shown(as_(cast.operator), url) == [fitting.public_id]


def test_times_are_read_in_the_zone_of_the_organization_and_the_end_is_left_out(
    cast: make.Cast, as_: SignIn, number: Instance
) -> None:
    make.call(number, at=NOON - minutes(1))
    first = make.call(number, at=NOON)
    make.call(number, at=NOON + minutes(5))
    client = as_(cast.operator)
    assert shown(client, "/o/kasi-legal/logs/?since=2026-11-03T15:00&until=2026-11-03T15:05") == [first.public_id]
    utc = "/o/kasi-legal/logs/?since=2026-11-03T12:00:00.000Z&until=2026-11-03T12:05:00Z"
    assert shown(client, utc) == [first.public_id]


def test_a_range_counts_back_from_now(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    now = timezone.now()
    calls = [make.call(number, at=now - minutes(count)) for count in (1, 61, 25 * 60, 8 * 24 * 60)]
    client = as_(cast.operator)
    found = [len(shown(client, f"/o/kasi-legal/logs/?range={name}")) for name in ("hour", "day", "week", "")]
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
        "older=nonsense",
        "newer=a:b:c",
    ],
)
def test_what_cannot_be_read_is_a_sentence(cast: make.Cast, as_: SignIn, number: Instance, query: str) -> None:
    make.call(number)
    answer = as_(cast.operator).get(f"/o/kasi-legal/logs/?{query}")
    assert answer.status_code == 422
    assert '<div class="alert bad" role="alert"' in answer.content.decode()


def test_what_was_typed_stays(cast: make.Cast, as_: SignIn) -> None:
    page = as_(cast.operator).get("/o/kasi-legal/logs/?since=yesterday&status=refused").content.decode()
    assert 'value="yesterday"' in page
    assert '<input type="hidden" name="status" value="refused">' in page


def test_a_call_id_leads_to_the_call(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    call, foreign = make.call(number), make.call(make.number(cast.rival))
    client = as_(cast.operator)
    assert client.get(f"/o/kasi-legal/logs/?call={call.public_id}").headers["Location"] == (
        f"/o/kasi-legal/logs/{call.public_id}/"
    )
    answer = client.get(f"/o/kasi-legal/logs/?call={foreign.public_id}")
    assert answer.status_code == 422
    assert "There is no call with this id in this organization." in answer.content.decode()


def test_pages_go_on_where_they_ended_although_rows_come_in(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    calls = [make.call(number, at=NOON + minutes(count)) for count in range(120)]
    newest_first = [call.public_id for call in reversed(calls)]
    client = as_(cast.operator)
    first = client.get("/o/kasi-legal/logs/").content.decode()
    for count in range(5):
        make.call(number, at=NOON + minutes(200 + count))
    older = link(first, "older")
    second = client.get(older).content.decode()
    assert shown(client, older) == newest_first[50:100]
    assert shown(client, link(second, "older")) == newest_first[100:]
    assert shown(client, link(second, "newer")) == newest_first[:50]


def link(page: str, identifier: str) -> str:
    found = re.search(rf'<a id="{identifier}" href="([^"]+)"', page)
    assert found
    return found[1].replace("&amp;", "&")


def test_a_page_link_fits_only_its_own_filters_and_direction(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    for _ in range(60):
        make.call(number)
    client = as_(cast.operator)
    older = link(client.get("/o/kasi-legal/logs/?mode=sandbox").content.decode(), "older")
    assert client.get(older).status_code == 200
    assert client.get(older.replace("mode=sandbox", "mode=live")).status_code == 422
    assert client.get(older.replace("mode=sandbox&", "")).status_code == 422
    assert client.get(older.replace("older=", "newer=")).status_code == 422


def test_facets_count_the_calls_and_keep_what_is_set(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    for state in (CallState.SUCCEEDED, CallState.SUCCEEDED, CallState.REFUSED):
        make.call(number, state=state)
    page = as_(cast.operator).get("/o/kasi-legal/logs/?plugin=GAS_OS").content.decode()
    facets = re.sub(
        r"<[^>]+>|\s+", " ", page[page.index('id="facets"') : page.index("</nav>", page.index('id="facets"'))]
    )
    assert re.findall(r"(Succeeded|Refused|SUPPORT_DESK|GAS_OS) +(\d+)", facets) == [
        ("Succeeded", "2"),
        ("Refused", "1"),
        ("SUPPORT_DESK", "3"),
        ("GAS_OS", "0"),
    ]


def test_a_set_filter_is_a_chip_that_takes_it_away(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    make.call(number, state=CallState.REFUSED)
    page = as_(cast.operator).get("/o/kasi-legal/logs/?status=refused&mode=sandbox").content.decode()
    chip = re.search(r'<a class="k-chip set" href="([^"]+)" aria-label="Remove filter Outcome Refused">', page)
    assert chip
    assert chip[1] == "/o/kasi-legal/logs/?mode=sandbox"


def test_with_script_the_list_alone_comes_and_its_size_is_announced(
    cast: make.Cast, as_: SignIn, number: Instance
) -> None:
    make.call(number)
    client = as_(cast.operator)
    answer = client.get("/o/kasi-legal/logs/", headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "<html" not in page
    assert '<div hx-swap-oob="innerHTML:#status">1 call shown</div>' in page
    assert "HX-Request" in answer.headers["Vary"]
    restored = client.get("/o/kasi-legal/logs/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.content.decode()


def test_names_are_shown_as_text(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    hostile = "<script>alert(1)</script>\u202e"
    call = make.call(number, plugin="", tool=hostile, instance_name=hostile, plugin_name=hostile, tested_by=hostile)
    client = as_(cast.operator)
    for url in ("/o/kasi-legal/logs/", f"/o/kasi-legal/logs/{call.public_id}/"):
        page = client.get(url).content.decode()
        assert "<script>alert" not in page
        assert "\u202e" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_ten_calls_and_a_thousand_cost_the_same_number_of_statements(
    cast: make.Cast, as_: SignIn, number: Instance
) -> None:
    client = as_(cast.operator)
    counts = []
    for already, wanted in ((0, 10), (10, 1000)):
        rows = [make.call(number, at=NOON + minutes(already))]
        copies = [copy_of(rows[0], NOON + minutes(already + count)) for count in range(1, wanted - already)]
        Call.objects.bulk_create(copies)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get("/o/kasi-legal/logs/?status=succeeded")
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 3 + 8


def copy_of(call: Call, at: dt.datetime) -> Call:
    columns = {field.attname: getattr(call, field.attname) for field in Call._meta.concrete_fields}
    return Call(**{**columns, "id": Call._meta.pk.get_default(), "created": at})


def test_the_page_of_fifty_rows_stays_small(cast: make.Cast, as_: SignIn, number: Instance) -> None:
    for _ in range(60):
        make.call(number, state=CallState.REFUSED, gate="organization_installation")
    page = as_(cast.operator).get("/o/kasi-legal/logs/?status=refused&mode=sandbox").content
    rows = re.findall(rb'<tr id="call_.*?</tr>', page, re.DOTALL)
    assert len(rows) == 50
    assert max(map(len, rows)) <= 1024
    assert len(page) <= 60 * 1024


def test_the_last_failures_are_the_newest_faults_of_both_kinds(cast: make.Cast, number: Instance) -> None:
    wanted = [
        make.call(number, at=NOON + minutes(count), state=state)
        for count, state in enumerate([CallState.OUR_FAULT, CallState.PLUGIN_FAULT, CallState.OUR_FAULT])
    ]
    make.call(number, at=NOON + minutes(9), state=CallState.REFUSED)
    make.call(make.number(cast.rival), at=NOON + minutes(9), state=CallState.OUR_FAULT)
    found = read.last_failures(cast.organization, limit=2)
    assert [call.id for call in found] == [wanted[2].id, wanted[1].id]


def test_equal_filters_say_the_same_in_the_url() -> None:
    filters = Filters(status="refused", plugin="GAS_OS", tool="quote_order")
    assert filters.query() == "?status=refused&plugin=GAS_OS&tool=quote_order"
    assert filters.change(plugin="SUPPORT_DESK").query() == "?status=refused&plugin=SUPPORT_DESK"
