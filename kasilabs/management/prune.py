"""What the platform forgets on its own, in every app: the command `prune` and the duty of the same name."""

from dataclasses import asdict

from django.contrib.sessions.models import Session
from django.utils import timezone

from bridges import prune as bridges
from kasilabs.accounts.prune import prune as prune_accounts
from kasilabs.logs.prune import prune as prune_logs


def prune() -> dict[str, int]:
    """Settles lost calls and deletes what has expired, and returns how many of each."""
    now = timezone.now()
    sessions, _ = Session.objects.filter(expire_date__lte=now).delete()
    return {**asdict(prune_logs(now)), "sessions": sessions, **asdict(prune_accounts(now)), **bridges.prune(now)}
