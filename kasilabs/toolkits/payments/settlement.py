"""What a provider's word, or a person's, makes of a payment or a refund."""

from typing import Any

from django.db.models import Case, F, Value, When
from django.utils import timezone

from kasilabs.accounts import audit
from kasilabs.toolkits import providers
from kasilabs.toolkits.effects import conclude
from kasilabs.toolkits.effects.kinds import Kind
from kasilabs.toolkits.effects.models import Effect
from kasilabs.toolkits.orders import changes as orders
from kasilabs.toolkits.payments import collect, refunds
from kasilabs.toolkits.payments.models import Payment, PaymentState, Refund, RefundState, big
from kasilabs.toolkits.providers.base import Answer, Operation, Status, Transfer
from kasilabs.whatsapp import customers

CANCELLED = "cancelled"
"""The code of an answer by which the customer said no."""


def _payment_of(effect: Effect) -> Payment:
    payment: Payment = Payment.objects.select_related("order", "organization").get(effect=effect)
    return payment


def _refund_of(effect: Effect) -> Refund:
    return Refund.objects.select_related("payment__effect", "payment__organization").get(effect=effect)


def _charge(effect: Effect) -> Transfer:
    payment, provider = _payment_of(effect), providers.get(effect.provider)
    return Transfer(
        reference=effect.provider_ref,
        asked_at=effect.dispatched_at,
        account=provider.account(payment.organization),
        operation=Operation.CHARGE,
        amount=payment.amount,
        description=payment.description,
        phone=next(iter(customers.phones(payment.customer_id)), "") if provider.capabilities.needs_phone else "",
    )


def _return(effect: Effect) -> Transfer:
    refund, provider = _refund_of(effect), providers.get(effect.provider)
    return Transfer(
        reference=effect.provider_ref,
        asked_at=effect.dispatched_at,
        account=provider.account(refund.payment.organization),
        operation=Operation.REFUND,
        amount=refund.amount,
        description=refund.reason,
        charge=refund.payment.effect.provider_ref,
        receipt=refund.payment.receipt,
    )


def _settle_payment(effect: Effect, answer: Answer) -> None:
    payment = _payment_of(effect)
    match answer.status:
        case Status.SETTLED:
            _end(payment, PaymentState.PAID, answer)
            if payment.order is not None and payment.amount == payment.order.total:
                orders.confirm_paid(payment.order)
        case Status.REFUSED:
            _end(payment, PaymentState.CANCELLED if answer.code == CANCELLED else PaymentState.FAILED, answer)
        case Status.UNKNOWN | Status.NOT_FOUND:
            _wait(payment, PaymentState.UNKNOWN, answer)
        case Status.PENDING | Status.NOT_SENT:
            _wait(payment, PaymentState.PENDING, answer)


def _settle_refund(effect: Effect, answer: Answer) -> None:
    refund = _refund_of(effect)
    payment, amount = Payment.objects.filter(pk=refund.payment_id), big(refund.amount_minor)
    match answer.status:
        case Status.SETTLED:
            _end(refund, RefundState.REFUNDED, answer)
            is_everything = When(refunded_minor=F("amount_minor") - amount, then=Value("refunded"))
            payment.update(
                refunded_minor=F("refunded_minor") + amount,
                state=Case(is_everything, default=Value("partly_refunded")),
            )
        case Status.REFUSED:
            _end(refund, RefundState.FAILED, answer)
            payment.update(reserved_minor=F("reserved_minor") - amount)
        case Status.UNKNOWN | Status.NOT_FOUND:
            _wait(refund, RefundState.UNKNOWN, answer)
        case Status.PENDING | Status.NOT_SENT:
            _wait(refund, RefundState.PENDING, answer)


def _end(row: Payment | Refund, state: PaymentState | RefundState, answer: Answer) -> None:
    _write(row, state=state, code=answer.code, receipt=answer.receipt, settled=timezone.now())


def _wait(row: Payment | Refund, state: PaymentState | RefundState, answer: Answer) -> None:
    _write(row, state=state, code=answer.code)


def _write(row: Payment | Refund, **values: Any) -> None:
    """Writes columns of a row; the transaction holds the row of its effect, through which alone it changes."""
    type(row)._default_manager.filter(pk=row.pk).update(**values)


PAYMENT = Kind(collect.KIND, _charge, _settle_payment, amount=lambda effect: _payment_of(effect).amount)
REFUND = Kind(refunds.KIND, _return, _settle_refund, amount=lambda effect: _refund_of(effect).amount)


def mark_settled(row: Payment | Refund, *, actor: audit.Actor, receipt: str, reason: str) -> None:
    """Says for a person that the money has arrived. Raises Refused (`already_final`)."""
    answer = Answer(Status.SETTLED, code="marked_settled", receipt=receipt, amount=row.amount)
    _mark(row, answer, actor=actor, reason=reason)


def mark_failed(row: Payment | Refund, *, actor: audit.Actor, reason: str) -> None:
    """Says for a person that no money will arrive. Raises Refused (`already_final`)."""
    _mark(row, Answer(Status.REFUSED, code="marked_failed"), actor=actor, reason=reason)


def _mark(row: Payment | Refund, answer: Answer, *, actor: audit.Actor, reason: str) -> None:
    noun = row.effect.kind
    action = f"{noun}.marked_{'settled' if answer.status == Status.SETTLED else 'failed'}"
    with audit.act(actor=actor, organization=row.organization, action=action, reason=reason) as act:
        conclude.settle_by_hand(row.effect, answer)
        before = row.state
        row.refresh_from_db()
        act.on(row.public_id, str(row.amount))
        act.change(before={"state": before}, after={"state": row.state, "receipt": row.receipt})
