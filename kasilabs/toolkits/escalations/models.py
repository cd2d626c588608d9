from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Member
from kasilabs.lib import ids
from kasilabs.toolkits.scope import ScopedQuerySet, ScopedRow


class Priority(models.TextChoices):
    """How soon a person is needed, the most urgent first."""

    URGENT = "urgent", _("Urgent")
    HIGH = "high", _("High")
    NORMAL = "normal", _("Normal")
    LOW = "low", _("Low")


class EscalationState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    TAKEN = "taken", _("Taken")
    RESOLVED = "resolved", _("Resolved")


class EscalationQuerySet(ScopedQuerySet):
    def open(self) -> Self:
        return self.filter(resolved=None)

    def waiting(self) -> Self:
        return self.open().filter(holder=None)

    def of_teammates(self, member: Member) -> Self:
        """What somebody else has taken."""
        return self.open().exclude(Q(holder=None) | Q(holder=member))

    def most_urgent_first(self) -> Self:
        """By priority, and among those of one priority the one that waits longest first."""
        ranks = [When(priority=priority, then=Value(rank)) for rank, priority in enumerate(Priority)]
        return self.order_by(Case(*ranks, output_field=models.SmallIntegerField()), "created", "pk")


class Escalation(ScopedRow):
    """A conversation that needs a person.

    | from           | to       | when                                                                   |
    |----------------|----------|------------------------------------------------------------------------|
    | -              | waiting  | a plugin or the agent hands it over                                    |
    | waiting        | taken    | a member takes it, or it is given to one                               |
    | taken          | taken    | it is given to somebody else                                           |
    | taken, waiting | waiting  | it is put back, or into a queue; or its member leaves the organization |
    | taken          | resolved | the member who holds it says that it is dealt with                     |

    The state is no column: it follows from who holds it and when it was resolved, so that no two can contradict.
    """

    PREFIX = ids.Prefix.ESCALATION

    reason = models.CharField(max_length=500)
    summary = models.CharField(max_length=2000, blank=True)
    priority = models.CharField(max_length=8, choices=Priority)
    queue = models.CharField(max_length=64, blank=True)
    holder = models.ForeignKey(Member, on_delete=models.SET_NULL, null=True, related_name="+")
    resolved = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, blank=True)

    objects: ClassVar[Any] = EscalationQuerySet.as_manager()

    class Meta(ScopedRow.Meta):
        indexes = [
            *ScopedRow.Meta.indexes,
            models.Index(fields=["organization", "holder"], name="escalation_open", condition=Q(resolved__isnull=True)),
        ]

    @property
    def state(self) -> EscalationState:
        if self.resolved:
            return EscalationState.RESOLVED
        return EscalationState.TAKEN if self.holder_id else EscalationState.WAITING

    def as_json(self) -> dict[str, Any]:
        """Returns the escalation as a plugin reads it (contract of the bridges)."""
        return {
            "id": self.public_id,
            "state": self.state.value,
            "priority": self.priority,
            "queue": self.queue,
        }
