"""Who answers the chats of a number: who can be named, who counts, and what the audit trail keeps."""

import pytest

from kasilabs.accounts.models import AuditEntry, Member, User
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp import chat_answerers
from kasilabs.whatsapp.models import Instance
from tests.support import factories
from tests.support.factories import ACTOR, Cast
from tests.support.visits import As, page


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
    assert [(str(each.member.user), each.counts) for each in found.named] == [("Operator", True)]
    assert names(found.others) == ["Admin", "Owner"]


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
    (named,) = chat_answerers.load(number).named
    assert (str(named.member.user), named.counts) == ("Operator", False)


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


def url(number: Instance, act: str = "add/") -> str:
    return f"/o/kasi-legal/numbers/{number.public_id}/answerers/{act}"


def test_somebody_is_named_and_taken_away_on_the_page_of_the_number(cast: Cast, as_: As, number: Instance) -> None:
    admin, detail = as_(cast.admin), f"/o/kasi-legal/numbers/{number.public_id}/"
    assert "Nobody is named." in page(admin.get(detail))
    added = admin.post(url(number), {"person": str(cast.operator.id)}, follow=True)
    assert added.redirect_chain == [(f"{detail}#answerers", 302)]
    assert "Operator answers the chats of Legal Consultations." in page(added)
    assert "Nobody is named." not in page(added)
    removed = admin.post(url(number, f"{cast.operator.id}/remove/"), follow=True)
    assert "Operator does not answer the chats of Legal Consultations any more." in page(removed)
    assert not number.chat_answerers.exists()


@pytest.mark.parametrize("person", ["", "nobody", "00000000-0000-0000-0000-000000000001", "\x00"])
def test_somebody_who_is_not_there_cannot_be_chosen(cast: Cast, as_: As, number: Instance, person: str) -> None:
    answer = as_(cast.admin).post(url(number), {"person": person})
    assert answer.status_code == 422
    assert "Choose somebody who belongs to this organization." in page(answer)


def test_who_may_not_answer_chats_is_refused_on_the_page(cast: Cast, as_: As, number: Instance) -> None:
    answer = as_(cast.admin).post(url(number), {"person": str(cast.viewer.id)})
    assert answer.status_code == 409
    assert "Viewer may not answer chats." in page(answer)
    stranger = as_(cast.admin).post(url(number), {"person": str(cast.stranger.id)})
    assert stranger.status_code == 422
    assert not number.chat_answerers.exists()


def test_a_viewer_sees_who_answers_and_no_buttons(cast: Cast, as_: As, number: Instance) -> None:
    chat_answerers.add(instance=number, member=member(cast.operator), actor=ACTOR)
    shown = page(as_(cast.viewer).get(f"/o/kasi-legal/numbers/{number.public_id}/"))
    assert "<strong>Operator</strong>" in shown
    assert "answerers/" not in shown
