"""How often something may happen, counted in the database: exactly, over all processes and for requests at once.

    limit = RateLimit("wrong_codes", amount=5, window=timedelta(minutes=5))
    usage = consume(limit.per(user.pk.hex))  # before the code is checked; raises LimitReached
    usage.undo()  # after it was right

A window begins with the first use and ends for all of them together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from kasilabs.accounts.models import RateCounter

# One statement, so that no other request comes between looking and counting. It changes no row when the limit is
# reached.
_COUNT = """
    INSERT INTO accounts_ratecounter AS counter (key, count, ends) VALUES (%(key)s, 1, %(ends)s)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN counter.ends <= %(now)s THEN 1 ELSE counter.count + 1 END,
        ends = CASE WHEN counter.ends <= %(now)s THEN excluded.ends ELSE counter.ends END
    WHERE counter.ends <= %(now)s OR counter.count < %(most)s
    RETURNING count
"""
_MOST = 2**31 - 1  # What the column holds.


class LimitReached(Exception):
    """There were too many for `quota`; `until` is when its window ends."""

    def __init__(self, quota: "Quota", until: datetime) -> None:
        super().__init__(quota, until)
        self.quota, self.until = quota, until

    @property
    def retry_after(self) -> int:
        """Seconds until then, at least one."""
        return max(1, ceil((self.until - timezone.now()).total_seconds()))


@dataclass(frozen=True)
class RateLimit:
    """At most `amount` uses within `window`, for each of those it is counted per."""

    name: str
    amount: int
    window: timedelta

    def per(self, *whom: str) -> "Quota":
        """Returns the limit of somebody; the database keeps only an HMAC of who it is."""
        text = "\0".join([self.name, *whom])
        return Quota(self, salted_hmac("kasilabs.accounts.rate_limits", text, algorithm="sha256").hexdigest())


@dataclass(frozen=True)
class Quota:
    """The limit of one person, device, address or whatever it is counted per."""

    limit: RateLimit
    key: str


@dataclass(frozen=True)
class Usage:
    """Quotas that were used once, and when."""

    quotas: tuple[Quota, ...]
    at: datetime

    def undo(self) -> None:
        """Takes this use back, as if it had not been; a window that has begun since then is left as it is."""
        for quota in self.quotas:
            same_window = RateCounter.objects.filter(key=quota.key, ends__lte=self.at + quota.limit.window, count__gt=0)
            same_window.update(count=F("count") - 1)


def consume(*quotas: Quota) -> Usage:
    """Uses each quota once, or none of them when one is used up. Raises LimitReached."""
    now = timezone.now()
    for number, quota in enumerate(quotas):
        if _count(quota, now, most=quota.limit.amount) is None:
            Usage(quotas[:number], now).undo()
            counter = RateCounter.objects.filter(key=quota.key).first()
            raise LimitReached(quota, counter.ends if counter else now)
    return Usage(quotas, now)


def tally(quota: Quota) -> int:
    """Uses a quota once, also beyond its limit, and returns how often it was used in this window."""
    return _count(quota, timezone.now(), most=_MOST) or _MOST


def _count(quota: Quota, now: datetime, *, most: int) -> int | None:
    values: dict[str, Any] = {
        "key": quota.key,
        "most": most,
        "now": connection.ops.adapt_datetimefield_value(now),
        "ends": connection.ops.adapt_datetimefield_value(now + quota.limit.window),
    }
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        row: tuple[int] | None = cursor.fetchone()
    return row[0] if row else None


def used(quota: Quota) -> int:
    """Returns how often a quota was used in its latest window."""
    return RateCounter.objects.filter(key=quota.key).values_list("count", flat=True).first() or 0


def is_within(quota: Quota) -> bool:
    """Uses a quota once, and returns False when it was used up already."""
    try:
        consume(quota)
    except LimitReached:
        return False
    return True


def forget(*quotas: Quota) -> None:
    """Lets quotas begin anew."""
    RateCounter.objects.filter(key__in=[quota.key for quota in quotas]).delete()


def prune(now: datetime) -> int:
    """Deletes the counters whose window is over, and returns how many there were."""
    deleted, _rows = RateCounter.objects.filter(ends__lte=now).delete()
    return deleted
