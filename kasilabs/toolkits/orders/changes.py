"""Placing an order, and what people do with it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit
from kasilabs.lib.money import LARGEST, BadMoney, Money
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.orders.models import Order, OrderState
from kasilabs.toolkits.scope import Origin

MOST_ITEMS = 200
MOST_OF_ONE = 10_000


@dataclass(frozen=True)
class Item:
    """One line of an order. The price is of a single piece, in minor units."""

    sku: str
    name: str
    quantity: int
    unit_amount_minor: int

    def as_json(self) -> dict[str, object]:
        return {
            "sku": self.sku,
            "name": self.name,
            "quantity": self.quantity,
            "unitAmountMinor": self.unit_amount_minor,
        }


def total(items: Sequence[Item], currency: str) -> Money:
    """Adds an order up. Raises Refused (`invalid_input`, with pointers) for quantities and prices out of bounds."""
    errors = []
    if not 0 < len(items) <= MOST_ITEMS:
        errors.append({"pointer": "/items", "code": "bad_length", "message": f"must be 1 to {MOST_ITEMS} items"})
    for position, item in enumerate(items):
        for member, value, most in (
            ("quantity", item.quantity, MOST_OF_ONE),
            ("unitAmountMinor", item.unit_amount_minor, LARGEST),
        ):
            if type(value) is not int or not 0 < value <= most:
                pointer = f"/items/{position}/{member}"
                errors.append({"pointer": pointer, "code": "out_of_range", "message": f"must be from 1 to {most}"})
    if errors:
        raise Refused("invalid_input", _("This order cannot be placed."), errors)
    try:
        return Money(sum(item.quantity * item.unit_amount_minor for item in items), currency)
    except BadMoney as error:
        at = {"pointer": "/currency" if error.member == "currency" else "/items", "code": "out_of_range"}
        raise Refused("invalid_input", _("This order cannot be placed."), [{**at, "message": str(error)}]) from None


def place(
    origin: Origin, *, items: Sequence[Item], currency: str, delivery: dict[str, Any] | None, reference: str
) -> Order:
    """Places an order in the caller's transaction, or returns the one that this call has placed already.

    Raises Refused (`invalid_input`).
    """
    amount = total(items, currency)
    order = Order.of(
        origin,
        items=[item.as_json() for item in items],
        currency=currency,
        total_minor=amount.amount_minor,
        delivery=delivery,
        reference=reference,
    )
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError:
        existing: Order | None = Order.objects.filter(origin=origin.call).first()
        if existing is None:
            raise
        return existing
    return order


def confirm(order: Order, *, actor: audit.Actor) -> None:
    """Promises the customer that the order is taken. Raises Refused (`already_final`)."""
    _change(order, OrderState.CONFIRMED, once=(OrderState.PLACED,), actor=actor)


def fulfil(order: Order, *, actor: audit.Actor) -> None:
    """Says that the customer has it. Raises Refused (`already_final`)."""
    _change(order, OrderState.FULFILLED, once=(OrderState.CONFIRMED,), actor=actor)


def cancel(order: Order, *, actor: audit.Actor, reason: str) -> None:
    """Ends an order that was not handed over. What was paid for it is given back apart. Raises Refused."""
    _change(order, OrderState.CANCELLED, once=(OrderState.PLACED, OrderState.CONFIRMED), actor=actor, reason=reason)


def confirm_paid(order: Order) -> None:
    """Confirms an order that was paid for, if it still waits for that; in the caller's transaction."""
    waiting = Order.objects.filter(pk=order.pk, state=OrderState.PLACED)
    waiting.update(state=OrderState.CONFIRMED, changed=timezone.now())


def _change(
    order: Order, state: OrderState, *, once: tuple[OrderState, ...], actor: audit.Actor, reason: str = ""
) -> None:
    with audit.act(actor=actor, organization=order.organization, action=f"order.{state}", reason=reason) as act:
        before = order.state
        changed = timezone.now()
        if not Order.objects.filter(pk=order.pk, state__in=once).update(state=state, changed=changed):
            raise Refused("already_final", _("This order is no longer in a state that allows it."))
        order.state, order.changed = state, changed
        act.on(order.public_id, str(order.total))
        act.change(before={"state": before}, after={"state": state})
