import json
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from kasilabs.jobs import duties, sweep
from kasilabs.jobs.models import DutyRow
from kasilabs.lib.crypto import fields
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import Call, CallAnswer, CallState
from kasilabs.whatsapp.models import Instance
from tests.support import factories

NOW = timezone.now()


def answer(call: Call, expires: timedelta) -> CallAnswer:
    kept = CallAnswer(call=call, status=200, expires=NOW + expires)
    fields.seal(kept, "body", "{}")
    kept.save(force_insert=True)
    return kept


def test_only_open_calls_past_their_deadline_are_lost(
    number: Instance, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    late, early = timedelta(seconds=-1), timedelta(seconds=1)
    overdue = factories.call(number, state=CallState.OPEN, lost_after=NOW + late, finished=None)
    running = factories.call(number, state=CallState.OPEN, lost_after=NOW + early, finished=None)
    done = factories.call(number, lost_after=NOW + late)
    with django_assert_num_queries(1):
        assert expire_stale_calls(NOW) == 1
    states = [Call.objects.get(pk=call.pk).state for call in (overdue, running, done)]
    assert states == [CallState.LOST, CallState.OPEN, CallState.SUCCEEDED]
    assert Call.objects.get(pk=overdue.pk).finished == NOW


def test_prune_settles_deletes_what_expired_and_says_how_much(number: Instance) -> None:
    factories.call(number, state=CallState.OPEN, lost_after=NOW - timedelta(minutes=1), finished=None)
    kept = answer(factories.call(number), timedelta(hours=1))
    for _ in range(2):
        answer(factories.call(number), timedelta(hours=-1))
    Session.objects.create(session_key="old", session_data="", expire_date=NOW - timedelta(days=1))
    Session.objects.create(session_key="new", session_data="", expire_date=NOW + timedelta(days=1))
    out = StringIO()
    call_command("prune", stdout=out)
    none = ("limits", "notices", "invitations", "mails", "nonces", "chatTokens", "bridgeAnswers")
    assert json.loads(out.getvalue()) == {"lost": 1, "answers": 2, "sessions": 1, **dict.fromkeys(none, 0)}
    assert list(CallAnswer.objects.all()) == [kept]
    assert [session.session_key for session in Session.objects.all()] == ["new"]
    assert Call.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_a_worker_prunes_once_a_day() -> None:
    duties.make_rows()
    first = DutyRow.objects.get(name="prune").due_at
    for key in ("first", "second"):
        Session.objects.create(session_key=key, session_data="", expire_date=NOW - timedelta(days=1))
        sweep.run_due()
    assert [session.session_key for session in Session.objects.all()] == ["second"]
    assert DutyRow.objects.get(name="prune").due_at == first + timedelta(days=1)
