from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from kasilabs.accounts import audit
from kasilabs.accounts.models import AuditEntry, AuditHead, Organization
from tests.support import factories, trail
from tests.support.concurrency import at_once
from tests.support.factories import Cast

COMMAND = audit.Actor.command("test")


def write(organization: Organization | None, number: int = 1) -> None:
    with audit.act(actor=COMMAND, action="thing.changed", organization=organization, reason="why") as act:
        act.on("thing_1", f"Thing {number}")
        act.change(before={"n": number - 1}, after={"n": number, "é": [None, True, 1.5]})


@pytest.fixture
def chain(db: None) -> str:
    organization = factories.organization()
    for number in range(1, 6):
        write(organization, number)
    return organization.id.hex


def test_a_chain_left_alone_is_whole(chain: str) -> None:
    report = audit.verify(chain)
    assert (report.is_whole, report.entries) == (True, 5)
    assert report.head == AuditEntry.objects.get(seq=5).mac


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "somebody else"),
        ("actor_id", "00000000-0000-0000-0000-000000000001"),
        ("action", "thing.removed"),
        ("target", "thing_2"),
        ("target_name", "Other"),
        ("before", {"n": 9}),
        ("after", {}),
        ("reason", ""),
        ("request_id", "another-id"),
        ("created", F("created") + timedelta(microseconds=1)),
        ("organization", None),
        ("id", "00000000-0000-0000-0000-000000000001"),
        ("mac", "0" * 64),
        ("seq", 99),
        ("chain", audit.PLATFORM),
    ],
)
def test_a_change_of_any_column_shows(chain: str, column: str, value: Any) -> None:
    AuditEntry.objects.filter(chain=chain, seq=3).update(**{column: value})
    assert audit.verify(chain).broken_at == 3


def test_every_column_is_covered() -> None:
    tried = {mark.args[1][n][0] for mark in _marks() for n in range(len(mark.args[1]))}
    assert tried == {field.name for field in AuditEntry._meta.concrete_fields}


def _marks() -> list[Any]:
    return [mark for mark in test_a_change_of_any_column_shows.pytestmark if mark.name == "parametrize"]


@pytest.mark.parametrize("seq", [1, 3])
def test_a_removed_row_shows(chain: str, seq: int) -> None:
    AuditEntry.objects.filter(seq=seq).delete()
    assert audit.verify(chain).broken_at == seq


def test_removed_last_rows_show(chain: str) -> None:
    AuditEntry.objects.filter(seq__gte=4).delete()
    assert audit.verify(chain).broken_at == 4


def test_a_whole_chain_removed_shows_while_its_head_is_there(chain: str) -> None:
    AuditEntry.objects.all().delete()
    assert audit.verify(chain).broken_at == 1


def test_a_head_turned_back_with_its_rows_shows(chain: str) -> None:
    AuditEntry.objects.filter(seq=5).delete()
    AuditHead.objects.update(seq=4)
    assert audit.verify(chain).broken_at == 5


@pytest.mark.parametrize("change", [{"seq": 6}, {"mac": "0" * 64}])
def test_a_changed_head_shows(chain: str, change: dict[str, Any]) -> None:
    AuditHead.objects.update(**change)
    assert audit.verify(chain).broken_at == 6


def test_two_rows_swapped_show(chain: str) -> None:
    AuditEntry.objects.filter(seq=2).update(seq=100)
    AuditEntry.objects.filter(seq=3).update(seq=2)
    AuditEntry.objects.filter(seq=100).update(seq=3)
    assert audit.verify(chain).broken_at == 2


def test_acts_of_the_platform_have_a_chain_of_their_own(chain: str) -> None:
    write(None)
    assert {report.chain: report.entries for report in audit.verify_all()} == {chain: 5, "platform": 2}


def test_the_beginning_of_a_chain_is_noted_once_in_that_of_the_platform(chain: str) -> None:
    noted, organization = AuditEntry.objects.get(chain=audit.PLATFORM), Organization.objects.get()
    assert (noted.action, noted.target, noted.actor) == (audit.CHAIN_BEGUN, organization.public_id, "command:test")


def test_a_chain_whose_rows_and_head_are_gone_shows(chain: str) -> None:
    AuditEntry.objects.filter(chain=chain).delete()
    AuditHead.objects.filter(chain=chain).delete()
    assert broken() == {chain: 1}


def test_a_chain_that_was_never_noted_shows(chain: str) -> None:
    """Whoever takes away the platform's chain to hide that another is gone leaves all others without their notes."""
    AuditEntry.objects.filter(chain=audit.PLATFORM).delete()
    AuditHead.objects.filter(chain=audit.PLATFORM).delete()
    assert broken() == {chain: 0}


def test_a_note_taken_out_breaks_the_chain_of_the_platform(chain: str) -> None:
    write(None)
    AuditEntry.objects.filter(action=audit.CHAIN_BEGUN).delete()
    assert broken() == {chain: 0, audit.PLATFORM: 1}


def broken() -> dict[str, int | None]:
    return {report.chain: report.broken_at for report in audit.verify_all() if not report.is_whole}


@pytest.mark.django_db(transaction=True)
def test_chains_that_begin_at_once_are_all_noted() -> None:
    organizations = [factories.organization(f"org-{number}") for number in range(3)]

    def begin(number: int) -> None:
        with audit.together():
            for organization in (organizations[number % 3], None, organizations[(number + 1) % 3]):
                write(organization, number)

    at_once(*[partial(begin, number) for number in range(6)])
    assert broken() == {}
    assert AuditEntry.objects.filter(action=audit.CHAIN_BEGUN).count() == 3


def test_a_change_that_fails_leaves_no_entry_and_no_gap(chain: str) -> None:
    organization = Organization.objects.get()
    with (
        pytest.raises(ZeroDivisionError),
        audit.act(actor=COMMAND, action="thing.broken", organization=organization),
    ):
        organization.name = str(1 // 0)
    write(organization, 6)
    assert (audit.verify(chain).is_whole, audit.verify(chain).entries) == (True, 6)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.django_db(transaction=True)
@given(values=st.dictionaries(st.text(max_size=5), JSON, max_size=4))
def test_whatever_changed_the_chain_verifies(values: dict[str, Any]) -> None:
    with audit.act(actor=COMMAND, action="thing.changed", organization=None) as act:
        act.change(before=values, after=values)
    assert audit.verify(audit.PLATFORM).is_whole


@pytest.mark.django_db(transaction=True)
def test_acts_at_once_keep_the_chain_whole() -> None:
    organization = factories.organization()

    def write_five(worker: int) -> None:
        for number in range(5):
            write(organization, worker * 5 + number)

    at_once(*[partial(write_five, worker) for worker in range(6)])
    report = audit.verify(organization.id.hex)
    assert (report.is_whole, report.entries) == (True, 30)


def test_acts_together_write_their_entries_last_and_in_order(cast: Cast) -> None:
    with audit.together():
        write(cast.organization, 1)
        with audit.together():
            write(cast.rival, 2)
        write(cast.organization, 3)
        assert AuditEntry.objects.count() == 0
    ours = AuditEntry.objects.filter(organization=cast.organization).order_by("seq")
    assert [entry.target_name for entry in ours] == ["Thing 1", "Thing 3"]
    assert all(report.is_whole for report in audit.verify_all())


def test_acts_together_happen_all_or_none(cast: Cast) -> None:
    def write_and_fail() -> None:
        with audit.together():
            write(cast.organization)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert AuditEntry.objects.count() == 0
    write(cast.organization)
    assert trail.entries().count() == 1
