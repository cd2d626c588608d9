from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.jobs.models import DueRow, DueRowQuerySet
from kasilabs.lib.states import Mode


class Stage(models.TextChoices):
    PREPARED = "prepared", _("Not sent yet")
    DISPATCHING = "dispatching", _("With the provider")
    UNKNOWN = "unknown", _("Outcome unknown")
    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")


class EffectQuerySet(DueRowQuerySet):
    def open(self) -> "EffectQuerySet":
        """Effects without a final word."""
        return self.exclude(stage__in=[Stage.DONE, Stage.REFUSED])


class Effect(DueRow):
    """What is known of one external effect; the columns of DueRow say who works on it and when it is asked again.

        prepared ──► dispatching ──► done
                       │    ▲    └─► refused
                       ▼    │           ▲
                      unknown ──────────┴─► done

    | from                          | to          | when                                                             |
    |-------------------------------|-------------|------------------------------------------------------------------|
    | -                             | prepared    | the row is inserted; `origin` is unique, so INSERT decides       |
    | prepared                      | dispatching | committed, before the first byte is sent                         |
    | dispatching                   | prepared    | the adapter knows that nothing was sent                          |
    | dispatching, unknown          | dispatching | the provider has it, and its final word comes later              |
    | dispatching                   | unknown     | the answer was lost, or says another amount than was asked       |
    | dispatching, unknown          | done        | the provider says so, in an answer or a webhook; or a person     |
    | dispatching, unknown          | refused     | the provider says so, in an answer or a webhook; or a person     |
    | prepared                      | refused     | nobody may send it any more; or a person                         |

    Who finds an effect at `dispatching` knows that it may have been sent. It is never sent blindly again: the provider
    is asked by `provider_ref`, which is derived from the row's id; sent again is only what a provider dedups by that
    reference. `attempt` is the fence: a final word counts it up, and whoever was under way can write nothing any more.
    DueRow's own `done` means that no worker has anything left to do, also where a person has.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="effects")
    kind = models.CharField(max_length=16)
    mode = models.CharField(max_length=8, choices=Mode)
    origin = models.CharField(max_length=40, unique=True)
    provider = models.CharField(max_length=32)
    provider_ref = models.CharField(max_length=64)
    stage = models.CharField(max_length=12, choices=Stage, default=Stage.PREPARED)
    dispatched_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=12, blank=True)
    answer_code = models.CharField(max_length=64, blank=True)
    answered_at = models.DateTimeField(null=True)
    contradicted_by = models.CharField(max_length=12, blank=True)

    objects: ClassVar[Any] = EffectQuerySet.as_manager()

    class Meta(DueRow.Meta):
        constraints = [
            *DueRow.Meta.constraints,
            models.UniqueConstraint(fields=["provider", "provider_ref"], name="one_effect_per_reference"),
        ]
        indexes = [
            *DueRow.Meta.indexes,
            models.Index(
                fields=["organization", "due_at"], name="effect_open", condition=~Q(stage__in=["done", "refused"])
            ),
        ]

    @property
    def is_final(self) -> bool:
        return self.stage in (Stage.DONE, Stage.REFUSED)
