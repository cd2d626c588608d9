"""Dead letters with a button: an organization's own, and those of the platform for its staff."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from kasilabs.accounts.models import AuditEntry, Organization, OutgoingMail
from kasilabs.jobs import bell, overview, sources
from kasilabs.jobs.models import State
from kasilabs.lib import ids
from tests.support import factories, trail
from tests.support.factories import Cast
from tests.support.visits import As, page

pytestmark = pytest.mark.django_db(transaction=True)
OURS, PLATFORM = "/o/kasi-legal/dead-letters/", "/platform/dead-letters/"
CANARY = "canary-7F2Q"


def dead_mail(organization: Organization | None, **columns: Any) -> OutgoingMail:
    return factories.dead_mail(organization, text=f"/invitations/{CANARY}/", **columns)


def retry(client: Client, base: str, mail: OutgoingMail) -> Any:
    return client.post(f"{base}{mail.public_id}/retry/", follow=True)


def test_it_says_what_failed_why_and_how_often(cast: Cast, as_: As) -> None:
    mail = dead_mail(cast.organization)
    shown = page(as_(cast.operator).get(OURS))
    for text in (
        "Mails",
        "nia@x.example",
        mail.public_id,
        "The mail server takes no mails for this address.",
        "after 30 attempts",
    ):
        assert text in shown
    assert CANARY not in shown
    assert "recipient_refused" in shown


def test_a_failure_of_the_program_is_said_without_its_message(cast: Cast, as_: As) -> None:
    dead_mail(cast.organization, last_error="ZeroDivisionError")
    dead_mail(cast.organization, last_error="lease_lost")
    shown = page(as_(cast.owner).get(OURS))
    assert "The platform failed. The process log says where." in shown
    assert "The worker ended before it was done, at every attempt." in shown


def test_a_retry_makes_the_row_due_and_rings_and_the_audit_trail_says_who(cast: Cast, as_: As) -> None:
    mail, waiting = dead_mail(cast.organization), bell.waiting()
    answer = retry(as_(cast.operator), OURS, mail)
    mail.refresh_from_db()
    assert (mail.state, mail.tries, bell.waiting()) == (State.WAITING, 0, waiting + 1)
    assert "nia@x.example is due once more." in page(answer)
    entry = trail.entries().get()
    assert (entry.actor, entry.action, entry.target) == (cast.operator.email, "job.retried", mail.public_id)
    assert (entry.organization, entry.before) == (cast.organization, {"error": "recipient_refused"})


def test_a_second_click_changes_nothing_and_says_so(cast: Cast, as_: As) -> None:
    mail, client = dead_mail(cast.organization), as_(cast.owner)
    retry(client, OURS, mail)
    assert "nia@x.example is no dead letter any more." in page(retry(client, OURS, mail))
    assert trail.entries().count() == 1


def test_what_is_of_others_is_neither_shown_nor_retried(cast: Cast, as_: As) -> None:
    theirs, of_platform = dead_mail(cast.rival), dead_mail(None)
    client = as_(cast.owner)
    assert "Nothing has failed for good" in page(client.get(OURS))
    assert [retry(client, OURS, mail).status_code for mail in (theirs, of_platform)] == [404, 404]
    staff = as_(cast.reviewer)
    assert retry(staff, PLATFORM, theirs).status_code == 404
    assert OutgoingMail.objects.dead().count() == 2
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize(
    "job", ["x", "job_x", "job_" + "0" * 26, "%00", ids.encode(ids.Prefix.ORGANIZATION, UUID(int=1))]
)
def test_what_is_no_id_of_a_job_is_not_found(cast: Cast, as_: As, job: str) -> None:
    assert as_(cast.owner).post(f"{OURS}{job}/retry/").status_code == 404
    assert as_(cast.reviewer).post(f"{PLATFORM}{job}/retry/").status_code == 404


def test_staff_see_and_retry_what_belongs_to_no_organization(cast: Cast, as_: As) -> None:
    mail, client = dead_mail(None), as_(cast.reviewer)
    dead_mail(cast.organization, recipient="wanjiru@x.example")
    shown = page(client.get(PLATFORM))
    assert ("nia@x.example" in shown, "wanjiru@x.example" in shown, CANARY in shown) == (True, False, False)
    assert "is due once more" in page(retry(client, PLATFORM, mail))
    assert (trail.entries().get().chain, trail.entries().get().actor) == ("platform", cast.reviewer.email)


def test_the_side_bar_counts_them_for_who_may_retry(cast: Cast, as_: As) -> None:
    dead_mail(cast.organization)
    dead_mail(cast.rival)
    dead_mail(None)
    entry = 'href="/o/kasi-legal/dead-letters/"'
    counted = as_(cast.operator).get("/o/kasi-legal/").context["navigation"]
    assert [item.count for group in counted.groups for item in group.items if item.label == "Dead letters"] == [1]
    assert entry not in page(as_(cast.viewer).get("/o/kasi-legal/"))
    assert PLATFORM in page(as_(cast.reviewer).get("/notices/"))
    assert PLATFORM not in page(as_(cast.owner).get("/notices/"))


def test_a_long_list_is_cut_and_says_so(cast: Cast, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kasilabs.dashboard.dead_letters.views.MOST_SHOWN", 2)
    for _ in range(3):
        dead_mail(cast.organization)
    shown = page(as_(cast.owner).get(OURS))
    assert (shown.count("/retry/"), "the latest 2" in shown) == (2, True)


def test_every_code_of_a_source_has_a_sentence() -> None:
    for source in sources.registered():
        for code in source.errors:
            letter = overview.DeadLetter(source, source.model(last_error=code))
            assert str(letter.error).endswith(".")
