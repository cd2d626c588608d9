from typing import Any

from django.contrib.sessions.models import Session
from django.utils import timezone

from kasilabs.lib.commands import JsonCommand
from kasilabs.logs.prune import prune


class Command(JsonCommand):
    help = "Settle lost calls and delete what has expired: kept answers of calls, and sessions."

    def run(self, **options: Any) -> dict[str, object]:  # noqa: ARG002
        now = timezone.now()
        pruned = prune(now)
        sessions, _ = Session.objects.filter(expire_date__lte=now).delete()
        return {"lost": pruned.lost, "answers": pruned.answers, "sessions": sessions}
