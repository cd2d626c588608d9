"""What the platform forgets on its own, in every app: the command `prune` and the duty of the same name."""

from django.contrib.sessions.models import Session
from django.utils import timezone

from bridges import prune as bridges
from kasilabs.accounts import rate_limits
from kasilabs.logs.prune import prune as prune_logs


def prune() -> dict[str, int]:
    """Settles lost calls and deletes what has expired, and returns how many of each."""
    now = timezone.now()
    logs = prune_logs(now)
    sessions, _ = Session.objects.filter(expire_date__lte=now).delete()
    counts = {"lost": logs.lost, "answers": logs.answers, "sessions": sessions, "limits": rate_limits.prune(now)}
    return counts | bridges.prune(now)
