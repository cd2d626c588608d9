"""The tables of the app, which stand in the packages of the toolkits."""

from kasilabs.toolkits.effects.models import Effect
from kasilabs.toolkits.escalations.models import Escalation
from kasilabs.toolkits.orders.models import AfterSaleRequest, Order
from kasilabs.toolkits.payments.models import Payment, Refund

__all__ = ["AfterSaleRequest", "Effect", "Escalation", "Order", "Payment", "Refund"]
