"""Who answers the chats of a number: who can be named, who counts, and what the audit trail keeps."""

import pytest

from kasilabs.accounts.models import AuditEntry, Member, User
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp import chat_answerers
from kasilabs.whatsapp.models import Instance
from tests.support import factories
from tests.support.factories import ACTOR, Cast


@pytest.fixture
def number(cast: Cast) -> Instance:
    return factories.number(cast.organization)


def member(user: User) -> Member:
    return Member.objects.get(user=user)


def names(members: list[Member]) -> list[str]:
    return [str(each.user) for each in members]


def test_owner_admin_and_operator_can_be_named(cast: Cast, number: Instance) -> None:
    assert names(chat_answerers.load(number).others) == ["Admin", "Operator", "Owner"]


def test_who_is_named_is_listed_once(cast: Cast, number: Instance) -> None:
    for _again in range(2):
        chat_answerers.add(instance=number, member=member(cast.operator), actor=ACTOR)
    found = chat_answerers.load(number)
    assert (names(found.named), names(found.others), found.has_any) == (["Operator"], ["Admin", "Owner"], True)


def test_who_may_not_answer_chats_cannot_be_named(cast: Cast, number: Instance) -> None:
    User.objects.filter(pk=cast.owner.pk).update(is_active=False)
    for person in (cast.viewer, cast.developer, cast.stranger, cast.owner):
        with pytest.raises(Refused) as refused:
            chat_answerers.add(instance=number, member=member(person), actor=ACTOR)
        assert refused.value.code == "cannot_answer"
    assert not number.chat_answerers.exists()


def test_somebody_who_lost_the_permission_stays_named_and_does_not_count(cast: Cast, number: Instance) -> None:
    chat_answerers.add(instance=number, member=member(cast.operator), actor=ACTOR)
    Member.objects.filter(user=cast.operator).update(withdrawn=["chats.answer"])
    found = chat_answerers.load(number)
    assert (names(found.named), found.has_any) == (["Operator"], False)


def test_naming_and_taking_away_are_audited_once_each(cast: Cast, number: Instance) -> None:
    for _again in range(2):
        chat_answerers.add(instance=number, member=member(cast.operator), actor=ACTOR)
    for _again in range(2):
        chat_answerers.remove(instance=number, member=member(cast.operator), actor=ACTOR)
    entries = AuditEntry.objects.filter(action__startswith="number.answerer").order_by("seq")
    assert [(entry.action, entry.before, entry.after) for entry in entries] == [
        ("number.answerer_added", {}, {"answers": cast.operator.email}),
        ("number.answerer_removed", {"answers": cast.operator.email}, {}),
    ]
