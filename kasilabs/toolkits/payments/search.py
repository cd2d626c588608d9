"""Finding a payment by whatever somebody has of it: its id, a reference, an amount, an alias, a phone number."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from kasilabs.accounts.models import Organization
from kasilabs.lib import money
from kasilabs.lib.text import phones
from kasilabs.toolkits.payments.models import Payment
from kasilabs.whatsapp import customers

OVERDUE = timedelta(hours=1)
"""How long a payment may be open before it stands out."""


def matching(organization: Organization, text: str, *, with_phones: bool) -> QuerySet[Payment]:
    """Returns the payments of an organization that a text finds, in no order; all of them for an empty one.

    A phone number finds something only for who may see phone numbers.
    """
    payments: QuerySet[Payment] = organization.payments.all()
    text = text.strip()
    if not text:
        return payments
    found = Q(reference__istartswith=text) | Q(alias=text) | Q(receipt=text)
    if payment_id := Payment.decode_id(text):
        found |= Q(pk=payment_id)
    currency, _space, figure = text.rpartition(" ")
    try:
        amount = money.parse(figure, currency.upper() or organization.currency)
        found |= Q(amount_minor=amount.amount_minor, currency=amount.currency)
    except money.BadMoney:
        pass
    if with_phones and text.startswith("+"):
        found |= _of_phone(organization, text)
    return payments.filter(found)


def _of_phone(organization: Organization, text: str) -> Q:
    try:
        (handle,) = customers.handles(organization, phone=phones.parse(text), user_id=None)
    except ValidationError:
        return Q()
    return Q(customer__in=customers.customer_ids(organization, handle))


def overdue(organization: Organization, now: datetime) -> QuerySet[Payment]:
    """Returns the payments that should have ended by now, and those about which a provider contradicts us."""
    payments: QuerySet[Payment] = organization.payments.all()
    late = Q(state__in=["pending", "unknown"], created__lte=now - OVERDUE)
    return payments.filter(late | ~Q(effect__contradicted_by=""))
