import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kasilabs.logs import search
from kasilabs.logs.models import Call, CallState
from kasilabs.whatsapp.models import Instance
from tests.logs.pages import NOON, call_ids, minutes
from tests.support import factories
from tests.support.markup import MOST_COMPRESSED_BYTES, compressed_size
from tests.support.visits import As, page


def test_an_operator_sees_the_calls_of_the_organization_newest_first(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    old, new = factories.call(number, at=NOON), factories.call(number, at=NOON + minutes(1))
    factories.call(factories.number(cast.rival), at=NOON)
    assert call_ids(as_(cast.operator), "/o/kasi-legal/logs/") == [new.public_id, old.public_id]


def test_a_row_says_when_how_which_tool_where_why_and_how_long(cast: factories.Cast, as_: As, number: Instance) -> None:
    factories.call(
        number, at=NOON, state=CallState.REFUSED, status=403, code="refused", gate="tool_grant", duration_ms=1500
    )
    shown = page(as_(cast.operator).get("/o/kasi-legal/logs/"))
    row = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown[shown.index('<tr id="call_') : shown.index("</tbody>")]))
    words = ["15:00:00", "Refused", "support_desk__create_support_ticket", "Legal Consultations", "tool_grant", "1.5 s"]
    assert [word for word in words if word not in row] == []


def test_a_decline_shows_the_plugins_code_and_is_not_red(cast: factories.Cast, as_: As, number: Instance) -> None:
    factories.call(number, state=CallState.DECLINED, status=422, code="declined", gate="business", reason="no_stock")
    row = page(as_(cast.operator).get("/o/kasi-legal/logs/")).partition("<tbody>")[2]
    assert "<code>no_stock</code>" in row
    assert re.search(r'class="k-st (\w+)"[^D]+Declined', row)
    assert 'class="k-st bad"' not in row


@pytest.mark.parametrize(("size", "status", "marks"), [(8193, 200, 1), (8192, 200, 0), (None, None, 0), (9000, 503, 0)])
def test_an_answer_over_eight_kilobytes_is_marked_long(
    cast: factories.Cast, as_: As, number: Instance, size: int | None, status: int | None, marks: int
) -> None:
    call = factories.call(number, response_bytes=size, plugin_status=status, response={})
    client = as_(cast.operator)
    assert page(client.get("/o/kasi-legal/logs/")).count(">Long</span>") == marks
    drawer = page(client.get(f"/o/kasi-legal/logs/{call.public_id}/")).partition("k-dock")[2]
    assert drawer.count(">Long</span>") == marks


def test_without_any_call_the_page_says_what_will_stand_there(cast: factories.Cast, as_: As) -> None:
    assert "No call yet" in page(as_(cast.operator).get("/o/kasi-legal/logs/"))


def test_with_script_the_list_alone_comes_and_its_size_is_announced(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    factories.call(number)
    client = as_(cast.operator)
    answer = client.get("/o/kasi-legal/logs/", headers={"HX-Request": "true"})
    shown = page(answer)
    assert "<html" not in shown
    assert '<div hx-swap-oob="innerHTML:#status">1 call shown</div>' in shown
    assert "HX-Request" in answer.headers["Vary"]
    restored = client.get("/o/kasi-legal/logs/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in page(restored)


def test_names_are_shown_as_text(cast: factories.Cast, as_: As, number: Instance) -> None:
    hostile = "<script>alert(1)</script>\u202e"
    call = factories.call(
        number, plugin="", tool=hostile, instance_name=hostile, plugin_name=hostile, tested_by=hostile
    )
    client = as_(cast.operator)
    for url in ("/o/kasi-legal/logs/", f"/o/kasi-legal/logs/{call.public_id}/"):
        shown = page(client.get(url))
        assert "<script>alert" not in shown
        assert "\u202e" not in shown
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_ten_calls_and_a_thousand_cost_the_same_number_of_statements(
    cast: factories.Cast, as_: As, number: Instance
) -> None:
    client = as_(cast.operator)
    counts = []
    for already, wanted in ((0, 10), (10, 1000)):
        rows = [factories.call(number, at=NOON + minutes(already))]
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


def test_a_full_page_stays_small(cast: factories.Cast, as_: As, number: Instance) -> None:
    for _ in range(60):
        factories.call(number, state=CallState.REFUSED, gate="organization_installation")
    answer = as_(cast.operator).get("/o/kasi-legal/logs/?status=refused&mode=sandbox")
    assert page(answer).count('<tr id="call_') == search.PAGE_SIZE
    assert compressed_size(answer.content) <= MOST_COMPRESSED_BYTES


def test_the_last_failures_are_the_newest_faults_of_both_kinds(cast: factories.Cast, number: Instance) -> None:
    wanted = [
        factories.call(number, at=NOON + minutes(count), state=state)
        for count, state in enumerate([CallState.OUR_FAULT, CallState.PLUGIN_FAULT, CallState.OUR_FAULT])
    ]
    factories.call(number, at=NOON + minutes(9), state=CallState.REFUSED)
    factories.call(factories.number(cast.rival), at=NOON + minutes(9), state=CallState.OUR_FAULT)
    found = search.last_failures(cast.organization, limit=2)
    assert [call.id for call in found] == [wanted[2].id, wanted[1].id]
