"""Orders and what follows them: totals in whole numbers, states that only go forward, an audit entry for each act."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from kasilabs.lib import ids
from kasilabs.lib.money import LARGEST, Money
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.orders import after_sale, changes
from kasilabs.toolkits.orders.after_sale import ReturnedItem
from kasilabs.toolkits.orders.changes import Item
from kasilabs.toolkits.orders.models import AfterSaleKind, AfterSaleRequest, AfterSaleState, Order, OrderState
from kasilabs.whatsapp.models import Instance
from tests.support import factories, trail
from tests.support.concurrency import at_once, or_error
from tests.support.factories import ACTOR

GAS = [Item("GAS-13", "13 kg cylinder", 2, 315_000), Item("HOSE", "Hose", 1, 45_000)]


def place(number: Instance, **changed: Any) -> Order:
    given = {"items": GAS, "currency": "KES", "delivery": None, "reference": "B2C-1", **changed}
    return changes.place(factories.origin(number), **given)


def test_an_order_is_placed_with_its_total(number: Instance) -> None:
    order = place(number, delivery={"address": "Ngong Road 1"})
    order.refresh_from_db()
    assert order.as_json() == {
        "id": ids.encode(ids.Prefix.ORDER, order.id),
        "state": "placed",
        "items": [
            {"sku": "GAS-13", "name": "13 kg cylinder", "quantity": 2, "unitAmountMinor": 315_000},
            {"sku": "HOSE", "name": "Hose", "quantity": 1, "unitAmountMinor": 45_000},
        ],
        "total": {"amountMinor": 675_000, "currency": "KES"},
        "reference": "B2C-1",
        "mode": "sandbox",
        "createdAt": order.as_json()["createdAt"],
    }


def test_one_call_places_one_order_however_often_it_comes(number: Instance) -> None:
    origin = factories.origin(number)
    orders = at_once(*[lambda: changes.place(origin, items=GAS, currency="KES", delivery=None, reference="B2C-1")] * 8)
    assert Order.objects.count() == 1
    assert {order.id for order in orders} == {Order.objects.get().id}


def test_a_plugin_sees_the_orders_of_its_scope_alone(number: Instance) -> None:
    origin = factories.origin(number)
    changes.place(origin, items=GAS, currency="KES", delivery=None, reference="B2C-1")
    other = factories.origin(number, plugin="SUPPORT_DESK")
    assert Order.objects.in_scope(origin.scope).count() == 1
    assert Order.objects.in_scope(other.scope).count() == 0


def test_a_customer_of_another_organization_gets_no_order(number: Instance) -> None:
    ours, theirs = factories.origin(number), factories.origin(factories.number(factories.organization()))
    mixed = type(ours)(ours.call, ours.scope, ours.instance, theirs.customer)
    with pytest.raises(ValueError, match="another organization"):
        changes.place(mixed, items=GAS, currency="KES", delivery=None, reference="B2C-1")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"items": []}, "/items"),
        ({"items": GAS * 101}, "/items"),
        ({"items": [Item("A", "A", 0, 1)]}, "/items/0/quantity"),
        ({"items": [Item("A", "A", 10_001, 1)]}, "/items/0/quantity"),
        ({"items": [Item("A", "A", 1, 0)]}, "/items/0/unitAmountMinor"),
        ({"items": [Item("A", "A", 1, LARGEST + 1)]}, "/items/0/unitAmountMinor"),
        ({"items": [Item("A", "A", 2, LARGEST)]}, "/items"),
        ({"currency": "XXX"}, "/currency"),
    ],
)
def test_what_cannot_be_added_up_is_refused_at_its_place(
    number: Instance, changed: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Refused) as refused:
        place(number, **changed)
    assert (refused.value.code, (refused.value.errors or [])[0]["pointer"]) == ("invalid_input", pointer)
    assert not Order.objects.exists()


@given(
    st.lists(
        st.builds(Item, st.just("A"), st.just("A"), st.integers(1, 10_000), st.integers(1, LARGEST)),
        min_size=1,
        max_size=9,
    )
)
def test_a_total_is_the_exact_sum_or_refused(items: list[Item]) -> None:
    exact = sum(item.quantity * item.unit_amount_minor for item in items)
    try:
        assert changes.total(items, "KES") == Money(exact, "KES")
    except Refused:
        assert exact > LARGEST


def test_the_database_refuses_a_total_that_is_no_money(number: Instance) -> None:
    order = place(number)
    for total in (0, -1, LARGEST + 1):
        with pytest.raises(IntegrityError), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(total_minor=total)


def test_people_take_an_order_through_its_states(number: Instance) -> None:
    order = place(number)
    changes.confirm(order, actor=ACTOR)
    changes.fulfil(order, actor=ACTOR)
    assert Order.objects.get().state == OrderState.FULFILLED
    entries = trail.entries().order_by("seq").values_list("action", "target", "target_name")
    assert list(entries) == [(f"order.{state}", order.public_id, "KES 6,750") for state in ("confirmed", "fulfilled")]


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (OrderState.PLACED, {"confirm", "cancel"}),
        (OrderState.CONFIRMED, {"fulfil", "cancel"}),
        (OrderState.FULFILLED, set()),
        (OrderState.CANCELLED, set()),
    ],
)
def test_an_order_never_goes_back(number: Instance, state: OrderState, allowed: set[str]) -> None:
    acts = {
        "confirm": lambda order: changes.confirm(order, actor=ACTOR),
        "fulfil": lambda order: changes.fulfil(order, actor=ACTOR),
        "cancel": lambda order: changes.cancel(order, actor=ACTOR, reason="no stock"),
    }
    done = set()
    for name, act in acts.items():
        order = place(number)
        Order.objects.filter(pk=order.pk).update(state=state)
        order.refresh_from_db()
        outcome = or_error(lambda act=act, order=order: act(order))()  # type: ignore[misc]
        if outcome is None:
            done.add(name)
        order.refresh_from_db()
        assert (order.state == state) == (getattr(outcome, "code", "") == "already_final")
    assert done == allowed


def test_of_two_people_who_decide_at_once_one_is_refused(number: Instance) -> None:
    order = place(number)
    mine, theirs = Order.objects.get(), Order.objects.get()
    changes.cancel(mine, actor=ACTOR, reason="no stock")
    with pytest.raises(Refused):
        changes.confirm(theirs, actor=ACTOR)
    order.refresh_from_db()
    assert order.state == OrderState.CANCELLED
    assert trail.entries().count() == 1


def ask(order: Order, *items: ReturnedItem, origin: str = "brc_after") -> AfterSaleRequest:
    return after_sale.request_after_sale(
        order, kind=AfterSaleKind.RETURN, items=items or None, reason="leaks", origin=origin
    )


def test_a_request_after_the_sale_is_written_once(number: Instance) -> None:
    order = place(number)
    first, again = ask(order, ReturnedItem("HOSE", 1)), ask(order, ReturnedItem("HOSE", 1))
    assert first.as_json() == {"id": first.public_id, "order": order.public_id, "kind": "return", "state": "open"}
    assert again.id == first.id
    assert AfterSaleRequest.objects.get().items == [{"sku": "HOSE", "quantity": 1}]


@pytest.mark.parametrize(
    "items",
    [
        [ReturnedItem("TAP", 1)],
        [ReturnedItem("HOSE", 2)],
        [ReturnedItem("HOSE", 0)],
        [ReturnedItem("GAS-13", 1), ReturnedItem("GAS-13", 2)],
    ],
)
def test_only_what_was_ordered_goes_back(number: Instance, items: list[ReturnedItem]) -> None:
    order = place(number)
    with pytest.raises(Refused) as refused:
        ask(order, *items)
    assert refused.value.code == "invalid_input"
    assert not AfterSaleRequest.objects.exists()


def test_nothing_follows_a_cancelled_order(number: Instance) -> None:
    order = place(number)
    changes.cancel(order, actor=ACTOR, reason="no stock")
    with pytest.raises(Refused) as refused:
        ask(order)
    assert refused.value.code == "already_final"


def test_people_decide_a_request_and_close_it(number: Instance) -> None:
    request = ask(place(number))
    after_sale.accept(request, actor=ACTOR)
    with pytest.raises(Refused):
        after_sale.decline(request, actor=ACTOR, reason="too late")
    after_sale.close(request, actor=ACTOR)
    assert AfterSaleRequest.objects.get().state == AfterSaleState.CLOSED
    actions = list(trail.entries().order_by("seq").values_list("action", flat=True))
    assert actions == ["after_sale.accepted", "after_sale.closed"]
