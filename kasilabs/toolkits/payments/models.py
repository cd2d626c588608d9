from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.lib.money import LARGEST, Money
from kasilabs.lib.text import formatting
from kasilabs.toolkits.effects.models import Effect
from kasilabs.toolkits.orders.models import Order
from kasilabs.toolkits.scope import ScopedQuerySet, ScopedRow


class PaymentState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    UNKNOWN = "unknown", _("Outcome unknown")
    PAID = "paid", _("Paid")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    PARTLY_REFUNDED = "partly_refunded", _("Partly refunded")
    REFUNDED = "refunded", _("Refunded")


def big(minor: int) -> Value:
    """Returns an amount for sums in the database: Django would bind it with 32 bits, and psycopg wraps the rest."""
    return Value(minor, output_field=models.BigIntegerField())


OPEN = (PaymentState.PENDING, PaymentState.UNKNOWN)
CAPTURED = (PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.REFUNDED)


class PaymentQuerySet(ScopedQuerySet):
    def open(self) -> "PaymentQuerySet":
        """Payments without a final word."""
        return self.filter(state__in=OPEN)

    def captured(self) -> "PaymentQuerySet":
        """Payments whose money has arrived, whatever went back since."""
        return self.filter(state__in=CAPTURED)


class Payment(ScopedRow):
    """Money asked of a customer. Its effect says what the provider was asked and has answered.

    | from                  | to                    | when                                                        |
    |-----------------------|-----------------------|-------------------------------------------------------------|
    | -                     | pending               | asked for                                                   |
    | pending               | unknown               | the provider's answer was lost, or names another amount     |
    | unknown               | pending               | the provider has it, and its final word comes later         |
    | pending, unknown      | paid                  | the provider says so, or a person with a receipt            |
    | pending, unknown      | failed                | the provider says so, or a person with a reason             |
    | pending, unknown      | cancelled             | the customer said no to the provider                        |
    | paid, partly_refunded | partly_refunded       | a refund has arrived, and something is left                 |
    | paid, partly_refunded | refunded              | a refund has arrived, and nothing is left                   |

    `reserved_minor` is the sum of all refunds that have not failed, `refunded_minor` of those that have arrived. What
    is reserved grows by one conditional UPDATE alone, so that however many refunds race, no more goes back than came.
    """

    PREFIX = ids.Prefix.PAYMENT

    effect = models.OneToOneField(Effect, on_delete=models.PROTECT, related_name="payment")
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="payments")
    method = models.CharField(max_length=32, blank=True)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reserved_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    reference = models.CharField(max_length=64)
    description = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=16, choices=PaymentState, default=PaymentState.PENDING)
    code = models.CharField(max_length=64, blank=True)
    receipt = models.CharField(max_length=64, blank=True)
    settled = models.DateTimeField(null=True)

    objects: ClassVar[Any] = PaymentQuerySet.as_manager()

    class Meta(ScopedRow.Meta):
        constraints = [
            models.CheckConstraint(
                name="payment_amount_is_money", condition=Q(amount_minor__gt=0, amount_minor__lte=LARGEST)
            ),
            models.CheckConstraint(
                name="payment_refunds_within_what_was_paid",
                condition=Q(
                    refunded_minor__gte=0,
                    refunded_minor__lte=F("reserved_minor"),
                    reserved_minor__lte=F("amount_minor"),
                ),
            ),
        ]
        indexes = [
            *ScopedRow.Meta.indexes,
            models.Index(fields=["organization", "state", "-id"], name="payment_state"),
            models.Index(fields=["organization", "reference"], name="payment_reference"),
            models.Index(fields=["organization", "amount_minor"], name="payment_amount"),
            models.Index(fields=["organization", "alias"], name="payment_alias"),
        ]

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.currency)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def refundable_minor(self) -> int:
        return self.amount_minor - self.reserved_minor if self.state in CAPTURED else 0

    def as_json(self) -> dict[str, Any]:
        """Returns the payment as a plugin reads it (contract of the bridges)."""
        arrived = self.settled if self.state in CAPTURED else None
        return {
            "id": self.public_id,
            "state": self.state,
            "amount": self.amount.as_json(),
            "refunded": {"amountMinor": self.refunded_minor, "currency": self.currency},
            "reference": self.reference,
            "mode": self.mode,
            "createdAt": formatting.rfc3339(self.created),
            **({"settledAt": formatting.rfc3339(arrived)} if arrived else {}),
        }


class RefundState(models.TextChoices):
    PENDING = "pending", _("Waiting")
    UNKNOWN = "unknown", _("Outcome unknown")
    REFUNDED = "refunded", _("Refunded")
    FAILED = "failed", _("Failed")


class Refund(models.Model):
    """Money of a payment that goes back.

    | from             | to       | when                                                    |
    |------------------|----------|---------------------------------------------------------|
    | -                | pending  | asked for; the payment has reserved the amount          |
    | pending          | unknown  | the provider's answer was lost, or names another amount |
    | unknown          | pending  | the provider has it, and its final word comes later     |
    | pending, unknown | refunded | the provider says so, or a person with a receipt        |
    | pending, unknown | failed   | the provider says so, or a person with a reason         |
    """

    PREFIX: ClassVar[ids.Prefix] = ids.Prefix.REFUND

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="refunds")
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    effect = models.OneToOneField(Effect, on_delete=models.PROTECT, related_name="refund")
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=500)
    state = models.CharField(max_length=12, choices=RefundState, default=RefundState.PENDING)
    code = models.CharField(max_length=64, blank=True)
    receipt = models.CharField(max_length=64, blank=True)
    origin = models.CharField(max_length=40, unique=True)
    created = models.DateTimeField(default=timezone.now, editable=False)
    settled = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="refund_amount_is_money", condition=Q(amount_minor__gt=0, amount_minor__lte=LARGEST)
            )
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode(self.PREFIX, self.id)

    @property
    def is_open(self) -> bool:
        return self.state in (RefundState.PENDING, RefundState.UNKNOWN)

    @property
    def amount(self) -> Money:
        return Money(self.amount_minor, self.payment.currency)

    def as_json(self) -> dict[str, Any]:
        """Returns the refund as a plugin reads it (contract of the bridges)."""
        return {
            "id": self.public_id,
            "payment": self.payment.public_id,
            "state": self.state,
            "amount": self.amount.as_json(),
        }
