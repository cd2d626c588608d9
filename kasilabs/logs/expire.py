"""Calls whose end nobody recorded: the process that made them is gone."""

from datetime import datetime
from http import HTTPStatus

from django.utils import timezone

from kasilabs.logs.models import Call, CallState


def expire_stale_calls(now: datetime | None = None) -> int:
    """Turns every stale row into a lost one by one UPDATE, and returns how many there were.

    Contracts, section 3: a call open for longer than its deadline and 60 seconds is lost, and answers as a timeout.
    """
    now = now or timezone.now()
    return Call.objects.stale(now).update(
        state=CallState.LOST,
        status=HTTPStatus.GATEWAY_TIMEOUT,
        code="plugin_timeout",
        reason="end_not_recorded",
        finished=now,
        lost_after=None,
    )
