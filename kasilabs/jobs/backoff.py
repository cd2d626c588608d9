"""How long a row that failed waits: full jitter, so that rows that failed together do not come back together."""

from collections.abc import Callable
from datetime import timedelta
from random import SystemRandom

from django.conf import settings

FACTOR = 4
LONGEST = timedelta(hours=1)
_STEPS = 12  # By then every base has reached LONGEST; the power grows no further.

between_0_and_1 = SystemRandom().random


def delay(tries: int, *, random: Callable[[], float] = between_0_and_1) -> timedelta:
    """Returns a random time below JOBS_RETRY_SECONDS * 4 ** (tries - 1), and never more than an hour."""
    step = min(tries - 1, _STEPS)
    return min(timedelta(seconds=settings.JOBS_RETRY_SECONDS * FACTOR**step), LONGEST) * random()
