"""The pages of orders: finding one, taking it through its states, and answering what the customer wants afterwards."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from kasilabs.lib.money import Money
from kasilabs.toolkits.orders import after_sale, changes
from kasilabs.toolkits.orders.after_sale import ReturnedItem
from kasilabs.toolkits.orders.changes import Item
from kasilabs.toolkits.orders.models import AfterSaleKind, AfterSaleRequest, Order
from kasilabs.toolkits.payments import collect
from kasilabs.whatsapp.models import Instance
from tests.support import factories, trail
from tests.support.factories import ACTOR, Cast
from tests.support.visits import page

URL = "/o/kasi-legal/orders/"


@pytest.fixture
def number(cast: Cast) -> Instance:
    return factories.number(cast.organization)


def place(number: Instance, reference: str = "B2C-1", **changed: Any) -> Order:
    items = [Item("GAS-13", "13 kg cylinder", 2, 315_050)]
    return changes.place(
        factories.origin(number), items=items, currency="KES", reference=reference, **{"delivery": None, **changed}
    )


def wanted(order: Order) -> AfterSaleRequest:
    items = [ReturnedItem("GAS-13", 1)]
    return after_sale.request_after_sale(
        order, kind=AfterSaleKind.RETURN, items=items, reason="It leaks", origin=f"brc_{order.id.hex}"
    )


def url(order: Order, *rest: str) -> str:
    return "/".join([URL + order.public_id, *rest, ""])


def test_an_order_is_found_by_id_reference_alias_and_state(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    first, second = place(number), place(number, "WALK-IN")
    place(factories.number(cast.rival))
    changes.confirm(second, actor=ACTOR)
    client = as_(cast.operator)

    def found(**query: str) -> list[str]:
        return [order.reference for order in client.get(URL, query).context["page"].rows]

    assert found() == ["WALK-IN", "B2C-1"]
    assert [found(q=each) for each in ("b2c", first.public_id, first.alias)] == [["B2C-1"]] * 3
    assert found(state="confirmed") == ["WALK-IN"]
    assert found(q="b2c", state="confirmed") == []


@pytest.mark.parametrize("query", [{"q": "x" * 65}, {"state": "gone"}, {"q": "a\0b"}])
def test_what_cannot_be_read_is_said_and_shows_no_order(
    number: Instance, cast: Cast, as_: Callable[..., Client], query: dict[str, str]
) -> None:
    place(number)
    answer = as_(cast.owner).get(URL, query)
    assert (answer.status_code, list(answer.context["page"].rows)) == (422, [])


def test_the_page_of_an_order_shows_items_payments_and_delivery(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    order = place(number, delivery={"address": "Ngong Road <1>"})
    collect.initiate(factories.origin(number), amount=Money(5_000, "KES"), reference="P", description="", order=order)
    shown = page(as_(cast.operator).get(url(order)))
    for words in ("13 kg cylinder", "KES 3,150.50", "KES 6,301", "KES 50", "Ngong Road &lt;1&gt;"):
        assert words in shown


def test_people_confirm_and_hand_over(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    order, client = place(number), as_(cast.operator)
    for act in ("confirm", "fulfil"):
        assert client.post(url(order, act))["Location"] == url(order)
    order.refresh_from_db()
    assert order.state == "fulfilled"
    assert set(trail.entries().values_list("actor", flat=True)) == {cast.operator.email}


def test_an_order_is_cancelled_with_a_reason(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    order, client = place(number), as_(cast.operator)
    assert client.post(url(order, "cancel"), {"reason": ""}).status_code == 422
    assert client.post(url(order, "cancel"), {"reason": "No stock"})["Location"] == url(order)
    order.refresh_from_db()
    assert (order.state, trail.entries().get().reason) == ("cancelled", "No stock")


def test_what_somebody_has_cancelled_meanwhile_is_not_confirmed(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    order = place(number)
    changes.cancel(order, actor=ACTOR, reason="No stock")
    answer = as_(cast.operator).post(url(order, "confirm"))
    assert answer.status_code == 409
    assert "no longer in a state that allows it" in page(answer)


def test_what_a_customer_wants_is_accepted_and_closed(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    request, client = wanted(place(number)), as_(cast.operator)
    assert "It leaks" in page(client.get(url(request.order)))
    for act, state in (("accept", "accepted"), ("close", "closed")):
        client.post(url(request.order, "after-sale", request.public_id, act))
        request.refresh_from_db()
        assert request.state == state
    answer = client.post(url(request.order, "after-sale", request.public_id, "decline"), {"reason": "Too late"})
    assert answer.status_code == 409


def test_what_a_customer_wants_is_declined_with_a_reason(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    request, client = wanted(place(number)), as_(cast.operator)
    decline = url(request.order, "after-sale", request.public_id, "decline")
    assert client.get(decline).status_code == 200
    client.post(decline, {"reason": "Too late"})
    assert (AfterSaleRequest.objects.get().state, trail.entries().get().reason) == ("declined", "Too late")


def test_an_order_of_another_organization_is_not_found(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    theirs, ours = wanted(place(factories.number(cast.rival))), place(number)
    client = as_(cast.owner)
    assert client.get(url(theirs.order)).status_code == 404
    assert client.post(url(theirs.order, "confirm")).status_code == 404
    assert client.post(url(ours, "after-sale", theirs.public_id, "accept")).status_code == 404
