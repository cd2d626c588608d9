"""What the log forgets on its own."""

from dataclasses import dataclass
from datetime import datetime

from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import CallAnswer


@dataclass(frozen=True)
class Pruned:
    """How many rows were settled as lost, and how many kept answers were deleted."""

    lost: int
    answers: int


def prune(now: datetime) -> Pruned:
    """Settle lost calls, and delete the sealed answers whose 24 hours are over."""
    settled = expire_stale_calls(now)
    answers, _ = CallAnswer.objects.filter(expires__lte=now).delete()
    return Pruned(lost=settled, answers=answers)
