"""Payments and refunds. The PAYMENTS toolkit decides what becomes of them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from bridges.actions.action import Action, ActionBody, Asked, Command, Outcome, origin_of, scope_of, target_of
from bridges.models import BridgeCall
from installations.models import Installation
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.money import EXPONENTS, LARGEST, Money
from kasilabs.lib.request_bodies import PRINTABLE, TEXT, Strict, checked, full_match
from kasilabs.toolkits.effects import perform
from kasilabs.toolkits.orders.models import Order
from kasilabs.toolkits.payments import collect, refunds
from kasilabs.toolkits.payments.models import Payment, Refund

Currency = Annotated[str, checked(lambda code: code in EXPONENTS, "enum", "This is no currency code of ISO 4217.")]
MinorUnits = Annotated[int, Field(gt=0, le=LARGEST, description="Whole minor units: 105000 is KES 1,050.")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64), PRINTABLE]


class AmountIn(Strict):
    amountMinor: MinorUnits  # noqa: N815
    currency: Currency

    @property
    def money(self) -> Money:
        return Money(self.amountMinor, self.currency)


class PaymentIn(ActionBody):
    amount: AmountIn
    reference: Reference
    description: Annotated[str, StringConstraints(min_length=1, max_length=200), TEXT]
    method: Annotated[str, full_match(r"[a-z][a-z0-9_]{0,31}", "Write a method as cash or mobile_money.")] | None = None
    order: Annotated[str, full_match(r"ord_[0-9a-z]{26}", "Write the id of an order as ord_….")] | None = None


class RefundIn(ActionBody):
    amount: AmountIn | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500), TEXT]


def find_payment(installation: Installation, public_id: str) -> Payment | None:
    """Returns a payment that the plugin has asked for, whatever installation of it was there then."""
    payments = Payment.objects.in_scope(scope_of(installation)).select_related("effect", "organization")
    payment: Payment | None = payments.filter(id=Payment.decode_id(public_id)).first()
    return payment


def _violations(asked: Asked, body: PaymentIn) -> list[SchemaViolation]:
    """Says whether the order is one of the plugin's own, of the same customer on the same number, in this currency."""
    if body.order is None:
        return []
    orders = Order.objects.in_scope(scope_of(asked.sender)).filter(instance=asked.instance, customer=asked.customer_id)
    order = orders.filter(id=Order.decode_id(body.order)).first()
    if order is None:
        return [SchemaViolation("/order", "enum", "There is no such order.")]
    if order.currency != body.amount.currency:
        return [SchemaViolation("/amount/currency", "const", f"The order is in {order.currency}.")]
    return []


def _initiate(call: BridgeCall, body: PaymentIn) -> Outcome:
    """Asks for a payment. A second attempt goes on with what the first has written, whatever has changed since."""
    payment = Payment.objects.select_related("effect").filter(origin=call.public_id).first()
    if payment is None:
        origin = origin_of(call)
        order = Order.objects.in_scope(origin.scope).get(id=Order.decode_id(body.order)) if body.order else None
        payment = collect.initiate(
            origin,
            amount=body.amount.money,
            reference=body.reference,
            description=body.description,
            method=body.method or "",
            order=order,
        )
    perform.perform(payment.effect)
    payment.refresh_from_db()
    return Outcome(payment.as_json(), is_pending=payment.is_open)


def _refund(call: BridgeCall, body: RefundIn) -> Outcome:
    refund = Refund.objects.select_related("payment", "effect").filter(origin=call.public_id).first()
    if refund is None:
        payment = Payment.objects.select_related("effect", "organization").get(id=target_of(call))
        amount = body.amount.money if body.amount else None
        refund = refunds.request_refund(payment, amount=amount, reason=body.reason, origin=call.public_id)
    perform.perform(refund.effect)
    refund.refresh_from_db()
    return Outcome(refund.as_json(), is_pending=refund.is_open)


INITIATE = Command(
    name="payments:initiate",
    permission="bridge:payments:initiate",
    body=PaymentIn,
    violations=_violations,
    perform=_initiate,
    needs_customer=True,
    counted_as="payments",
    is_external=True,
    moves_money=True,
)
READ = Action(name="payments:read", permission="bridge:payments:read", find=find_payment, counted_as="reads")
REFUND = Command(
    name="payments:refund",
    permission="bridge:payments:refund",
    find=find_payment,
    body=RefundIn,
    perform=_refund,
    is_external=True,
    moves_money=True,
)
