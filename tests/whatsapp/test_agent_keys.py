from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from kasilabs.accounts import audit
from kasilabs.accounts.models import AuditEntry
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp import agent_keys
from kasilabs.whatsapp.models import AgentKey, Instance
from tests.support import factories, trail
from tests.support.concurrency import at_once, or_error
from tests.support.factories import Cast

COMMAND = audit.Actor.command("test")


@pytest.fixture
def number(cast: Cast) -> Instance:
    return factories.number(cast.organization)


def test_the_text_of_a_key_is_kept_nowhere(number: Instance) -> None:
    made = agent_keys.issue(instance=number, actor=COMMAND)
    row, entry = AgentKey.objects.get(), trail.entries().get()
    assert made.text.startswith(f"kla_{row.prefix}_")
    kept = f"{row.__dict__} {entry.__dict__}"
    assert made.text.rsplit("_", 1)[1] not in kept
    assert (entry.action, entry.after) == ("agent_key.issued", {"key": made.prefix})


def test_a_key_finds_its_number_and_organization_in_one_query(
    transactional_db: None, number: Instance, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = agent_keys.issue(instance=number, actor=COMMAND)
    with django_assert_num_queries(1):
        found = agent_keys.find(made.text, timezone.now())
        assert found is not None
        assert (found.instance, found.instance.organization.slug) == (number, "kasi-legal")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kla_",
        "kla_aaaaaaaa_",
        "x" * 100_000,
        "kla_\0",
        "Bearer kla_aaaaaaaa_" + "a" * 43,
        "kla_ａaaaaaaa_" + "a" * 43,
    ],
)
def test_garbage_finds_nothing_without_a_query(
    text: str, number: Instance, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert agent_keys.find(text, timezone.now()) is None


def test_a_key_with_one_other_character_finds_nothing(number: Instance) -> None:
    text = agent_keys.issue(instance=number, actor=COMMAND).text
    other = text[:-1] + ("a" if text[-1] != "a" else "b")
    assert agent_keys.find(other, timezone.now()) is None
    assert agent_keys.find(text + "\n", timezone.now()) is None


def test_a_second_key_is_not_issued_beside_a_live_one(number: Instance) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    with pytest.raises(Refused) as refused:
        agent_keys.issue(instance=number, actor=COMMAND)
    assert (refused.value.code, AgentKey.objects.count()) == ("key_exists", 1)


def test_after_rotating_both_keys_work_for_a_day(number: Instance) -> None:
    before = timezone.now()
    old = agent_keys.issue(instance=number, actor=COMMAND).text
    new = agent_keys.rotate(instance=number, actor=COMMAND).text
    after = timezone.now()
    assert works(old, before + timedelta(hours=24))
    assert not works(old, after + timedelta(hours=24))
    assert works(new, after + timedelta(days=3650))


def works(text: str, moment: datetime) -> bool:
    return agent_keys.find(text, moment) is not None


def test_a_third_key_ends_the_first_at_once(number: Instance) -> None:
    texts = [agent_keys.issue(instance=number, actor=COMMAND).text]
    texts += [agent_keys.rotate(instance=number, actor=COMMAND).text for _ in range(2)]
    assert [works(text, timezone.now()) for text in texts] == [False, True, True]
    assert number.agent_keys.live().count() == 2


def test_a_page_sent_twice_rotates_once(number: Instance) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    current = number.agent_keys.live().get().id
    agent_keys.rotate(instance=number, actor=COMMAND, current=current)
    with pytest.raises(Refused) as refused:
        agent_keys.rotate(instance=number, actor=COMMAND, current=current)
    assert (refused.value.code, AgentKey.objects.count()) == ("key_changed", 2)


def test_rotating_without_a_key_makes_the_first(number: Instance) -> None:
    assert works(agent_keys.rotate(instance=number, actor=COMMAND).text, timezone.now())


def test_a_revoked_key_ends_at_once(number: Instance) -> None:
    text = agent_keys.issue(instance=number, actor=COMMAND).text
    key = number.agent_keys.live().get()
    agent_keys.revoke(key=key, actor=COMMAND)
    assert not works(text, timezone.now())
    agent_keys.revoke(key=key, actor=COMMAND)
    assert AuditEntry.objects.filter(action="agent_key.revoked").count() == 1


def test_a_key_is_issued_again_after_the_last_was_revoked(number: Instance) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    agent_keys.revoke(key=number.agent_keys.live().get(), actor=COMMAND)
    assert works(agent_keys.issue(instance=number, actor=COMMAND).text, timezone.now())


def test_the_day_of_last_use_is_written_once_a_day(
    number: Instance, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    agent_keys.issue(instance=number, actor=COMMAND)
    key, today = number.agent_keys.live().get(), date(2026, 11, 3)
    key.note_use(today)
    key.refresh_from_db()
    assert key.last_used_on == today
    with django_assert_num_queries(0):
        key.note_use(today)


@pytest.mark.django_db(transaction=True)
def test_rotating_at_once_leaves_two_live_keys() -> None:
    number = factories.number(factories.organization())
    done = at_once(*[lambda: agent_keys.rotate(instance=number, actor=COMMAND).text] * 5)
    assert sum(works(text, timezone.now()) for text in done) == 2


@pytest.mark.django_db(transaction=True)
def test_one_key_is_issued_when_two_ask_at_once() -> None:
    number = factories.number(factories.organization())
    done = at_once(*[or_error(lambda: agent_keys.issue(instance=number, actor=COMMAND).text)] * 3)
    assert sum(isinstance(each, str) for each in done) == 1
    assert sum(isinstance(each, Refused) for each in done) == 2
