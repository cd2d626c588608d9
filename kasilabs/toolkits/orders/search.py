"""Finding an order by its id, a reference or a customer's alias."""

from django.db.models import Q, QuerySet

from kasilabs.accounts.models import Organization
from kasilabs.toolkits.orders.models import Order


def matching(organization: Organization, text: str) -> QuerySet[Order]:
    """Returns the orders of an organization that a text finds, in no order; all of them for an empty one."""
    orders: QuerySet[Order] = organization.orders.all()
    text = text.strip()
    if not text:
        return orders
    found = Q(reference__istartswith=text) | Q(alias=text)
    if order_id := Order.decode_id(text):
        found |= Q(pk=order_id)
    return orders.filter(found)
