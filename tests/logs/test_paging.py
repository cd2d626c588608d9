from kasilabs.whatsapp.models import Instance
from tests.logs.pages import NOON, call_ids, link, minutes
from tests.support import factories
from tests.support.visits import As, page


def test_pages_go_on_where_they_ended_although_rows_come_in(cast: factories.Cast, as_: As, number: Instance) -> None:
    calls = [factories.call(number, at=NOON + minutes(count)) for count in range(120)]
    newest_first = [call.public_id for call in reversed(calls)]
    client = as_(cast.operator)
    first = page(client.get("/o/kasi-legal/logs/"))
    for count in range(5):
        factories.call(number, at=NOON + minutes(200 + count))
    older = link(first, "older")
    second = page(client.get(older))
    assert call_ids(client, older) == newest_first[40:80]
    assert call_ids(client, link(second, "older")) == newest_first[80:]
    assert call_ids(client, link(second, "newer")) == newest_first[:40]


def test_a_page_link_fits_only_its_own_filters_and_direction(cast: factories.Cast, as_: As, number: Instance) -> None:
    for _ in range(60):
        factories.call(number)
    client = as_(cast.operator)
    older = link(page(client.get("/o/kasi-legal/logs/?mode=sandbox")), "older")
    assert client.get(older).status_code == 200
    assert client.get(older.replace("mode=sandbox", "mode=live")).status_code == 422
    assert client.get(older.replace("mode=sandbox&", "")).status_code == 422
    assert client.get(older.replace("older=", "newer=")).status_code == 422
