"""Giving money of a payment back: asked for like a payment itself, in one commit, and performed after it."""

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from kasilabs.lib.money import Money
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits import providers
from kasilabs.toolkits.effects import perform
from kasilabs.toolkits.payments.models import Payment, Refund, big

KIND = "refund"


def request_refund(payment: Payment, *, amount: Money | None, reason: str, origin: str) -> Refund:
    """Reserves the amount and writes a refund down with its effect, or returns the one this call has written already.

    Without an amount everything goes back that is left. The caller performs the effect after its commit. Raises Refused
    with `not_refundable` (nothing was paid), `refund_exceeds_captured`, `currency_not_supported` (not the payment's) or
    `amount_not_representable`.
    """
    if amount is not None:
        if amount.currency != payment.currency:
            raise Refused("currency_not_supported", _("A refund has the currency of its payment."))
        providers.get(payment.effect.provider).check(amount)
    try:
        with transaction.atomic():
            effect = perform.prepare(
                kind=KIND,
                origin=origin,
                provider=payment.effect.provider,
                organization=payment.organization,
                mode=Mode(payment.mode),
            )
            refund = Refund(
                organization=payment.organization,
                payment=payment,
                effect=effect,
                amount_minor=_reserve(payment, amount),
                reason=reason,
                origin=origin,
            )
            refund.save(force_insert=True)
    except IntegrityError:
        existing = Refund.objects.select_related("payment", "effect").filter(origin=origin).first()
        if existing is None:
            raise
        return existing
    return refund


def _reserve(payment: Payment, amount: Money | None) -> int:
    """Takes an amount out of what may go back and returns it in minor units; the database decides. Raises Refused."""
    while True:
        payment.refresh_from_db(fields=["state", "reserved_minor"])
        minor = amount.amount_minor if amount else payment.refundable_minor
        row = Payment.objects.captured().filter(pk=payment.pk, reserved_minor__lte=F("amount_minor") - big(minor))
        if amount is None:
            row = row.filter(reserved_minor=payment.reserved_minor)
        if minor and row.update(reserved_minor=F("reserved_minor") + big(minor)):
            return minor
        if not Payment.objects.captured().filter(pk=payment.pk).exists():
            raise Refused("not_refundable", _("Nothing was paid that could go back."))
        if amount or not minor:
            raise Refused("refund_exceeds_captured", _("No more can go back than was paid."))
        # Another refund was faster. What is left now has to be read again.
