"""Returns, exchanges and complaints: asked for by a plugin or the agent, decided by people."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.orders.models import AfterSaleKind, AfterSaleRequest, AfterSaleState, Order, OrderState


@dataclass(frozen=True)
class ReturnedItem:
    """Which pieces of an order a request is about."""

    sku: str
    quantity: int


def request_after_sale(
    order: Order, *, kind: AfterSaleKind, items: Sequence[ReturnedItem] | None, reason: str, origin: str
) -> AfterSaleRequest:
    """Writes a request down in the caller's transaction, or returns the one that this call has written already.

    Without items it is about the whole order. Raises Refused with `already_final` for an order that was cancelled, and
    with `invalid_input` for pieces that were not ordered.
    """
    if order.state == OrderState.CANCELLED:
        raise Refused("already_final", _("This order was cancelled."))
    if violations := not_ordered(order, items or []):
        errors = [{"pointer": each.pointer, "code": each.code, "message": each.message} for each in violations]
        raise Refused("invalid_input", _("This is not what was ordered."), errors)
    request = AfterSaleRequest(
        organization_id=order.organization_id,
        order=order,
        kind=kind,
        items=[{"sku": item.sku, "quantity": item.quantity} for item in items] if items else None,
        reason=reason,
        origin=origin,
    )
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError:
        existing = AfterSaleRequest.objects.select_related("order").filter(origin=origin).first()
        if existing is None:
            raise
        return existing
    return request


def not_ordered(order: Order, items: Sequence[ReturnedItem]) -> list[SchemaViolation]:
    """Returns what is wrong with the pieces a request names: not in the order, or more than were ordered."""
    ordered: dict[str, int] = {}
    for line in order.items:
        ordered[line["sku"]] = ordered.get(line["sku"], 0) + line["quantity"]
    violations = []
    for position, item in enumerate(items):
        if item.sku not in ordered:
            violations.append(SchemaViolation(f"/items/{position}/sku", "enum", "The order has no such item."))
            continue
        ordered[item.sku] -= item.quantity
        if item.quantity < 1 or ordered[item.sku] < 0:
            pointer = f"/items/{position}/quantity"
            violations.append(SchemaViolation(pointer, "maximum", "Use at most as many as were ordered."))
    return violations


def accept(request: AfterSaleRequest, *, actor: audit.Actor, reason: str = "") -> None:
    """Agrees to a request. Raises Refused (`already_final`)."""
    _change(request, AfterSaleState.ACCEPTED, once=(AfterSaleState.OPEN,), actor=actor, reason=reason)


def decline(request: AfterSaleRequest, *, actor: audit.Actor, reason: str) -> None:
    """Says no to a request. Raises Refused (`already_final`)."""
    _change(request, AfterSaleState.DECLINED, once=(AfterSaleState.OPEN,), actor=actor, reason=reason)


def close(request: AfterSaleRequest, *, actor: audit.Actor, reason: str = "") -> None:
    """Says that a request is dealt with. Raises Refused (`already_final`)."""
    _change(
        request, AfterSaleState.CLOSED, once=(AfterSaleState.OPEN, AfterSaleState.ACCEPTED), actor=actor, reason=reason
    )


def _change(
    request: AfterSaleRequest,
    state: AfterSaleState,
    *,
    once: tuple[AfterSaleState, ...],
    actor: audit.Actor,
    reason: str,
) -> None:
    with audit.act(actor=actor, organization=request.organization, action=f"after_sale.{state}", reason=reason) as act:
        before = request.state
        changed = timezone.now()
        if not AfterSaleRequest.objects.filter(pk=request.pk, state__in=once).update(state=state, changed=changed):
            raise Refused("already_final", _("This request is no longer in a state that allows it."))
        request.state, request.changed = state, changed
        act.on(request.public_id, request.get_kind_display())
        act.change(before={"state": before}, after={"state": state})
