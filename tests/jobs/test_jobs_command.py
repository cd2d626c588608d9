import json
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kasilabs.accounts.models import AuditEntry
from kasilabs.jobs import bell, overview, sources
from kasilabs.jobs.models import State
from kasilabs.jobs.overview import Owner
from tests.jobs.app.models import Delivery, Parcel
from tests.support import factories, trail

pytestmark = pytest.mark.django_db(transaction=True)


def jobs(*options: str) -> dict[str, Any]:
    out = StringIO()
    with suppress(CommandError):
        call_command("jobs", *options, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def parcels() -> dict[str, Any]:
    return next(each for each in jobs()["sources"] if each["name"] == "parcels")


def dead(**fields: Any) -> Parcel:
    parcel = Parcel.objects.create(address="nowhere", **fields)
    jobs("--run-due")
    parcel.refresh_from_db()
    assert parcel.state == State.DEAD
    return parcel


def test_it_counts_the_rows_of_every_source() -> None:
    dead()
    Parcel.objects.bulk_create(Parcel() for _ in range(2))
    assert parcels() == {
        "name": "parcels",
        "label": "Parcels",
        "due": 2,
        "waiting": 2,
        "running": 0,
        "done": 0,
        "dead": 1,
        "cancelled": 0,
    }
    assert "duties" in {each["name"] for each in jobs()["sources"]}


def test_it_says_what_has_died_and_why() -> None:
    parcel = dead()
    assert parcel.finished
    assert jobs()["dead"] == [
        {
            "id": parcel.public_id,
            "source": "parcels",
            "what": "Parcel for nowhere",
            "error": "no_such_address",
            "attempts": 1,
            "since": parcel.finished.isoformat(),
        }
    ]


def test_run_due_does_each_row_once_without_a_bell() -> None:
    for address in ("Ngong Road 1", "Ngong Road 2", "flooded road", "nowhere"):
        Parcel.objects.create(address=address)
    ran = jobs("--run-due")["ran"]
    assert (ran["done"], ran["dead"]) == (2, 1)
    assert Delivery.objects.count() == 2
    assert Parcel.objects.get(address="flooded road").attempt == 1


def test_a_dead_letter_is_retried_and_rings_and_the_audit_trail_says_so() -> None:
    parcel = dead(organization=factories.organization("kasi-legal"))
    assert jobs("--retry", parcel.public_id) == {"retried": [parcel.public_id]}
    parcel.refresh_from_db()
    assert (parcel.state, bell.waiting()) == (State.WAITING, 1)
    entry = trail.entries().get()
    assert (entry.actor, entry.action, entry.target) == ("command:jobs", "job.retried", parcel.public_id)
    assert (entry.organization, entry.before) == (parcel.organization, {"error": "no_such_address"})


def test_all_dead_letters_of_a_source_are_retried() -> None:
    ids = {dead().public_id, dead().public_id}
    assert set(jobs("--retry-all", "parcels")["retried"]) == ids
    assert jobs("--retry-all", "parcels") == {"retried": []}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--retry", "job_00000000000000000000000000"], "not_dead"),
        (["--retry", "nonsense"], "not_dead"),
        (["--retry-all", "letters"], "unknown_source"),
    ],
)
def test_what_is_not_there_is_refused(options: list[str], code: str) -> None:
    assert jobs(*options)["code"] == code
    assert AuditEntry.objects.count() == 0


def test_a_row_that_is_not_dead_is_not_retried() -> None:
    parcel = Parcel.objects.create()
    assert jobs("--retry", parcel.public_id)["code"] == "not_dead"
    assert bell.waiting() == 0


def test_an_organization_sees_its_own_dead_letters_alone() -> None:
    ours, theirs = factories.organization(), factories.organization()
    parcel = dead(organization=ours)
    dead(organization=theirs)
    ownerless = dead()
    found = [
        letter.row for source in sources.registered() for letter in overview.dead_letters(source, owner=Owner(ours))
    ]
    assert found == [parcel]
    assert [
        letter.row for source in sources.registered() for letter in overview.dead_letters(source, owner=Owner())
    ] == [ownerless]
