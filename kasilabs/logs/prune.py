"""What the log deletes once it has expired."""

from dataclasses import dataclass
from datetime import datetime

from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import CallAnswer


@dataclass(frozen=True)
class Pruned:
    """How many calls were set to lost, and how many kept answers were deleted."""

    lost: int
    answers: int


def prune(now: datetime) -> Pruned:
    """Expires stale calls, and deletes the sealed answers whose 24 hours are over."""
    lost = expire_stale_calls(now)
    answers, _ = CallAnswer.objects.filter(expires__lte=now).delete()
    return Pruned(lost=lost, answers=answers)
