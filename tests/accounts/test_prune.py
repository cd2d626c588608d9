from datetime import timedelta

import pytest
from django.utils import timezone

from kasilabs.accounts.models import Invitation, Notice, OutgoingMail
from kasilabs.accounts.prune import Pruned, prune
from kasilabs.jobs.models import State
from tests.support import factories

NOW = timezone.now()
MONTH, QUARTER, SECOND = timedelta(days=30), timedelta(days=90), timedelta(seconds=1)


@pytest.mark.parametrize(
    ("ago", "kept"), [(None, 1), (QUARTER - SECOND, 1), (QUARTER, 0)], ids=["unread", "younger", "older"]
)
def test_notices_are_deleted_90_days_after_they_were_read(
    cast: factories.Cast, ago: timedelta | None, kept: int
) -> None:
    Notice.objects.create(user=cast.owner, kind="sign_in_warning", read=None if ago is None else NOW - ago)
    Notice.objects.update(created=NOW - timedelta(days=400))
    assert prune(NOW) == Pruned(limits=0, notices=1 - kept, invitations=0, mails=0)
    assert Notice.objects.count() == kept


@pytest.mark.parametrize("column", ["accepted", "revoked", "expires"])
@pytest.mark.parametrize(("ago", "kept"), [(MONTH - SECOND, 1), (MONTH, 0)])
def test_invitations_are_deleted_30_days_after_they_are_over(
    cast: factories.Cast, column: str, ago: timedelta, kept: int
) -> None:
    times = {"expires": NOW + timedelta(days=7), column: NOW - ago}
    Invitation.objects.create(organization=cast.organization, email="nia@x.example", token_mac="x", **times)
    assert prune(NOW).invitations == 1 - kept
    assert Invitation.objects.count() == kept


def test_an_invitation_that_waits_is_kept(cast: factories.Cast) -> None:
    Invitation.objects.create(
        organization=cast.organization, email="nia@x.example", token_mac="x", expires=NOW + timedelta(days=7)
    )
    assert prune(NOW).invitations == 0


@pytest.mark.parametrize(
    ("state", "ago", "kept"),
    [
        (State.DEAD, MONTH, 0),
        (State.CANCELLED, MONTH, 0),
        (State.DEAD, MONTH - SECOND, 1),
        (State.WAITING, MONTH, 1),
    ],
)
def test_mails_that_were_never_sent_are_deleted_after_30_days(
    db: None, state: State, ago: timedelta, kept: int
) -> None:
    OutgoingMail.objects.create(recipient="nia@x.example", subject="", text="", state=state, finished=NOW - ago)
    assert prune(NOW).mails == 1 - kept
    assert OutgoingMail.objects.count() == kept
