"""Asking a customer for money.

with transaction.atomic():
    payment = collect.initiate(…)       # the first commit
perform.perform(payment.effect)         # outside of any transaction: talks to the provider
payment.refresh_from_db()               # as it stands now; pending or unknown is settled later
"""

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from kasilabs.lib.money import Money
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits import providers
from kasilabs.toolkits.effects import perform
from kasilabs.toolkits.orders.models import Order, OrderState
from kasilabs.toolkits.payments.models import Payment
from kasilabs.toolkits.scope import Origin
from kasilabs.whatsapp import customers

KIND = "payment"


def initiate(
    origin: Origin,
    *,
    amount: Money,
    reference: str,
    description: str,
    method: str = "",
    order: Order | None = None,
) -> Payment:
    """Writes a payment down with its effect, or returns the one that this call has written down already.

    Nothing is asked of a provider yet: `effects.perform` does, once this is committed. `order` is of the same scope; a
    payment for its total confirms it. Raises Refused with `provider_not_configured`, `currency_not_supported`,
    `amount_not_representable`, `customer_unreachable` where the provider needs a phone number, or `already_final` for
    an order that was cancelled.
    """
    scope = origin.scope
    provider = providers.for_payment(scope.organization, scope.mode, method)
    provider.check(amount)
    if provider.capabilities.needs_phone and not customers.has_phone(origin.customer):
        raise Refused("customer_unreachable", _("The customer has no phone number that could be asked to pay."))
    if order is not None and order.state == OrderState.CANCELLED:
        raise Refused("already_final", _("This order was cancelled."))
    try:
        with transaction.atomic():
            effect = perform.prepare(
                kind=KIND,
                origin=origin.call,
                provider=provider.name,
                organization=scope.organization,
                mode=scope.mode,
            )
            payment = Payment.of(
                origin,
                effect=effect,
                order=order,
                method=method,
                amount_minor=amount.amount_minor,
                currency=amount.currency,
                reference=reference,
                description=description,
            )
            payment.save(force_insert=True)
    except IntegrityError:
        existing: Payment | None = Payment.objects.select_related("effect").filter(origin=origin.call).first()
        if existing is None:
            raise
        return existing
    return payment
