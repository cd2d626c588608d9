from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.lib.money import LARGEST, Money
from kasilabs.lib.text import formatting
from kasilabs.toolkits.scope import ScopedRow


class OrderState(models.TextChoices):
    PLACED = "placed", _("Placed")
    CONFIRMED = "confirmed", _("Confirmed")
    FULFILLED = "fulfilled", _("Fulfilled")
    CANCELLED = "cancelled", _("Cancelled")


class Order(ScopedRow):
    """An order. Items and total are as they were ordered, for ever.

    | from              | to        | when                                                        |
    |-------------------|-----------|-------------------------------------------------------------|
    | -                 | placed    | a plugin or the agent places it                             |
    | placed            | confirmed | a person confirms it, or a payment for its total is settled |
    | confirmed         | fulfilled | a person hands it over                                      |
    | placed, confirmed | cancelled | a person cancels it                                         |
    """

    PREFIX = ids.Prefix.ORDER

    items = models.JSONField()
    currency = models.CharField(max_length=3)
    total_minor = models.BigIntegerField()
    delivery = models.JSONField(null=True)
    reference = models.CharField(max_length=64)
    state = models.CharField(max_length=12, choices=OrderState, default=OrderState.PLACED)
    changed = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(ScopedRow.Meta):
        constraints = [
            models.CheckConstraint(
                name="order_total_is_money", condition=Q(total_minor__gt=0, total_minor__lte=LARGEST)
            )
        ]
        indexes = [
            *ScopedRow.Meta.indexes,
            models.Index(fields=["organization", "state", "-id"], name="order_state"),
            models.Index(fields=["organization", "reference"], name="order_reference"),
        ]

    @property
    def total(self) -> Money:
        return Money(self.total_minor, self.currency)

    def as_json(self) -> dict[str, Any]:
        """Returns the order as a plugin reads it (contract of the bridges)."""
        return {
            "id": self.public_id,
            "state": self.state,
            "items": self.items,
            "total": self.total.as_json(),
            "reference": self.reference,
            "mode": self.mode,
            "createdAt": formatting.rfc3339(self.created),
        }


class AfterSaleKind(models.TextChoices):
    RETURN = "return", _("Return")
    EXCHANGE = "exchange", _("Exchange")
    COMPLAINT = "complaint", _("Complaint")


class AfterSaleState(models.TextChoices):
    OPEN = "open", _("Open")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    CLOSED = "closed", _("Closed")


class AfterSaleRequest(models.Model):
    """What a customer wants after the sale.

    | from           | to       | when                                              |
    |----------------|----------|---------------------------------------------------|
    | -              | open     | a plugin or the agent asks for the customer       |
    | open           | accepted | a person agrees                                   |
    | open           | declined | a person does not agree                           |
    | open, accepted | closed   | a person says that it is dealt with               |
    """

    PREFIX: ClassVar[ids.Prefix] = ids.Prefix.AFTER_SALE_REQUEST

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="after_sale_requests")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="after_sale_requests")
    kind = models.CharField(max_length=12, choices=AfterSaleKind)
    items = models.JSONField(null=True)
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=12, choices=AfterSaleState, default=AfterSaleState.OPEN)
    origin = models.CharField(max_length=40, unique=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    changed = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        indexes = [models.Index(fields=["order", "-id"], name="after_sale_by_order")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode(self.PREFIX, self.id)

    def as_json(self) -> dict[str, Any]:
        """Returns the request as a plugin reads it (contract of the bridges)."""
        return {"id": self.public_id, "order": self.order.public_id, "kind": self.kind, "state": self.state}
