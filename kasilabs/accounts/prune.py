"""What accounts, notices and mails leave behind is deleted once nobody needs it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from kasilabs.accounts import rate_limits
from kasilabs.accounts.models import Invitation, Notice, OutgoingMail
from kasilabs.jobs.models import State

READ_NOTICES = timedelta(days=90)
"""How long a notice is kept after it was read."""
INVITATIONS = timedelta(days=30)
"""How long an invitation is kept after it was accepted or revoked, or has expired."""
DEAD_MAILS = timedelta(days=30)
"""How long a mail that could not be sent may still be retried."""


@dataclass(frozen=True)
class Pruned:
    """How many rows of each kind were deleted."""

    limits: int
    notices: int
    invitations: int
    mails: int


def prune(now: datetime) -> Pruned:
    """Deletes counters whose window is over, old read notices, invitations that are over, and dead mails."""
    notices, _rows = Notice.objects.filter(read__lte=now - READ_NOTICES).delete()
    over = now - INVITATIONS
    is_over = Q(accepted__lte=over) | Q(revoked__lte=over) | Q(expires__lte=over)
    invitations, _rows = Invitation.objects.filter(is_over).delete()
    unsent = OutgoingMail.objects.filter(state__in=[State.DEAD, State.CANCELLED], finished__lte=now - DEAD_MAILS)
    mails, _rows = unsent.delete()
    return Pruned(limits=rate_limits.prune(now), notices=notices, invitations=invitations, mails=mails)
