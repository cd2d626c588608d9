"""Escalations: handed over once, held by one person at a time, told to those who answer the number."""

from collections.abc import Callable

import pytest

from kasilabs.accounts.models import Member, Notice, OutgoingMail
from kasilabs.accounts.notices import kinds
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits.escalations import changes
from kasilabs.toolkits.escalations.models import Escalation, Priority
from kasilabs.whatsapp import chat_answerers
from kasilabs.whatsapp.models import Instance
from tests.support import factories, trail
from tests.support.concurrency import at_once, or_error
from tests.support.factories import ACTOR


def hand_over(number: Instance, priority: Priority = Priority.NORMAL) -> Escalation:
    return changes.create(factories.origin(number), reason="Wants a refund", priority=priority)


@pytest.fixture
def ann(number: Instance) -> Member:
    return factories.member(number.organization, Role.OPERATOR, email="ann@kasi-gas.example")


@pytest.fixture
def ben(number: Instance) -> Member:
    return factories.member(number.organization, Role.OPERATOR, email="ben@kasi-gas.example")


def test_an_escalation_waits_in_no_queue(number: Instance) -> None:
    escalation = Escalation.objects.get(pk=hand_over(number, Priority.HIGH).pk)
    assert escalation.as_json() == {
        "id": escalation.public_id,
        "state": "waiting",
        "priority": "high",
        "queue": "",
    }
    assert escalation.public_id.startswith("esc_")
    assert escalation.mode == "sandbox"


def test_one_call_hands_over_once_however_often_it_comes(number: Instance, ann: Member) -> None:
    chat_answerers.add(instance=number, member=ann, actor=ACTOR)
    origin = factories.origin(number)
    made = at_once(*[lambda: changes.create(origin, reason="Angry", priority=Priority.LOW)] * 8)
    assert {each.pk for each in made} == {Escalation.objects.get().pk}
    assert Notice.objects.count() == 1


def test_a_plugin_sees_the_escalations_of_its_scope_alone(number: Instance) -> None:
    origin = factories.origin(number)
    changes.create(origin, reason="Angry", priority=Priority.LOW)
    for other in (factories.origin(number, plugin="SUPPORT_DESK"), factories.origin(number, mode=Mode.LIVE)):
        assert not Escalation.objects.in_scope(other.scope).exists()
    assert Escalation.objects.in_scope(origin.scope).count() == 1


def test_the_most_urgent_is_first_and_then_the_one_that_waits_longest(number: Instance) -> None:
    made = {priority: hand_over(number, priority) for priority in reversed(Priority)}
    later = hand_over(number, Priority.URGENT)
    order = list(number.organization.escalations.waiting().most_urgent_first())
    assert order == [made[Priority.URGENT], later, *(made[each] for each in list(Priority)[1:])]


def test_those_who_answer_the_number_are_told_and_nobody_else(number: Instance, ann: Member, ben: Member) -> None:
    cat = factories.member(number.organization, Role.OPERATOR, email="cat@kasi-gas.example")
    for member in (ann, cat):
        chat_answerers.add(instance=number, member=member, actor=ACTOR)
    cat.withdrawn = [Permission.CHATS_ANSWER]
    cat.save()
    escalation = hand_over(number, Priority.URGENT)
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.organization) == (ann.user, "escalation_arrived", number.organization)
    assert notice.parameters == {"number": number.name, "mode": "sandbox", "priority": "urgent"}
    assert kinds.text(notice.kind, notice.parameters) == (
        f"A customer on {number.name} waits for a person (sandbox, priority urgent)."
    )
    assert notice.link == f"/o/kasi-gas/escalations/{escalation.public_id}/"
    assert [mail.recipient for mail in OutgoingMail.objects.all()] == [ann.user.email]


def test_people_take_put_back_give_and_resolve(number: Instance, ann: Member, ben: Member) -> None:
    escalation = hand_over(number)
    steps: list[tuple[Callable[[], None], str]] = [
        (lambda: changes.take(escalation, member=ann, actor=ACTOR), "taken"),
        (lambda: changes.put_back(escalation, actor=ACTOR), "waiting"),
        (lambda: changes.put_into_queue(escalation, "billing", actor=ACTOR), "waiting"),
        (lambda: changes.give(escalation, ben, actor=ACTOR), "taken"),
        (lambda: changes.resolve(escalation, member=ben, actor=ACTOR, note="Paid back"), "resolved"),
    ]
    for act, state in steps:
        act()
        assert Escalation.objects.get().state == escalation.state == state
    row = Escalation.objects.get()
    assert (row.holder, row.queue, row.note) == (ben, "billing", "Paid back")
    entries = list(trail.entries().order_by("seq"))
    assert [entry.action for entry in entries] == [
        f"escalation.{done}" for done in ("taken", "put_back", "queued", "given", "resolved")
    ]
    assert {(entry.target, entry.target_name) for entry in entries} == {(escalation.public_id, number.name)}
    assert entries[3].before == {"state": "waiting", "queue": "billing", "holder": ""}
    assert entries[3].after == {"state": "taken", "queue": "billing", "holder": "ben@kasi-gas.example"}
    assert entries[4].reason == "Paid back"


def test_who_is_given_one_is_told_unless_it_was_themselves(number: Instance, ann: Member) -> None:
    escalation = hand_over(number)
    changes.give(escalation, ann, actor=type(ACTOR).person(ann.user))
    assert not Notice.objects.exists()
    changes.give(escalation, ann, actor=ACTOR)
    assert (Notice.objects.get().user, Notice.objects.get().kind) == (ann.user, "escalation_given")


def acts(escalation: Escalation, member: Member) -> dict[str, Callable[[], None]]:
    return {
        "take": lambda: changes.take(escalation, member=member, actor=ACTOR),
        "put back": lambda: changes.put_back(escalation, actor=ACTOR),
        "queue": lambda: changes.put_into_queue(escalation, "billing", actor=ACTOR),
        "give": lambda: changes.give(escalation, member, actor=ACTOR),
        "resolve": lambda: changes.resolve(escalation, member=member, actor=ACTOR, note="Done"),
        "plugin queues": lambda: changes.queue_for_plugin(escalation, "billing"),
        "plugin gives": lambda: changes.give_for_plugin(escalation, member.user.email),
    }


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        ("waiting", {"put back", "resolve"}),
        ("held by me", {"take"}),
        ("held by a teammate", {"take", "resolve"}),
        (
            "resolved",
            {"take", "put back", "queue", "give", "resolve", "plugin queues", "plugin gives"},
        ),
    ],
)
def test_what_each_state_allows(number: Instance, ann: Member, ben: Member, state: str, refused: set[str]) -> None:
    seen = set()
    for name in acts(hand_over(number), ann):
        escalation = hand_over(number)
        if state != "waiting":
            changes.take(escalation, member=ben if state == "held by a teammate" else ann, actor=ACTOR)
        if state == "resolved":
            changes.resolve(escalation, member=ann, actor=ACTOR, note="Done")
        entries, notices = trail.entries().count(), Notice.objects.count()
        outcome = or_error(acts(escalation, ann)[name])()
        if outcome is not None:
            assert isinstance(outcome, Refused)
            assert (outcome.code, trail.entries().count(), Notice.objects.count()) == (
                "already_final",
                entries,
                notices,
            )
            seen.add(name)
    assert seen == refused


def test_of_many_who_take_at_once_one_holds_it(number: Instance, ann: Member, ben: Member) -> None:
    escalation = hand_over(number)

    def taking(member: Member) -> Callable[[], None]:
        mine = Escalation.objects.select_related("organization", "instance").get(pk=escalation.pk)
        return lambda: changes.take(mine, member=member, actor=ACTOR)

    outcomes = at_once(*[or_error(taking(member)) for member in [ann, ben] * 4])
    assert [getattr(outcome, "code", outcome) for outcome in outcomes].count("already_final") == 7
    assert outcomes.count(None) == 1
    assert trail.entries().filter(action="escalation.taken").count() == 1
    assert Escalation.objects.get().holder in (ann, ben)


def test_what_was_given_to_somebody_meanwhile_is_not_taken_from_them_unseen(
    number: Instance, ann: Member, ben: Member
) -> None:
    escalation = hand_over(number)
    seen = Escalation.objects.select_related("holder__user").get(pk=escalation.pk)
    changes.take(escalation, member=ben, actor=ACTOR)
    for name in ("put back", "queue", "give", "resolve"):
        with pytest.raises(Refused):
            acts(seen, ann)[name]()
    assert Escalation.objects.get().holder == ben


def test_who_may_not_answer_is_given_nothing(number: Instance) -> None:
    viewer = factories.member(number.organization, Role.VIEWER)
    gone = factories.member(number.organization, Role.OPERATOR)
    gone.user.is_active = False
    gone.user.save()
    stranger = factories.member(factories.organization("rival"), Role.OWNER)
    escalation = hand_over(number)
    for member in (viewer, gone, stranger):
        with pytest.raises(Refused) as refused:
            changes.give(escalation, member, actor=ACTOR)
        assert refused.value.code == "cannot_answer"
        with pytest.raises(Refused) as refused:
            changes.give_for_plugin(escalation, member.user.email)
        assert refused.value.code == "invalid_input"
    assert Escalation.objects.get().state == "waiting"


def test_what_a_member_held_who_leaves_waits_again(number: Instance, ann: Member, ben: Member) -> None:
    open_one, done = hand_over(number), hand_over(number)
    for each in (open_one, done):
        changes.take(each, member=ann, actor=ACTOR)
    changes.resolve(done, member=ann, actor=ACTOR, note="Done")
    ann.delete()
    assert list(number.organization.escalations.waiting()) == [open_one]
    assert Escalation.objects.get(pk=done.pk).state == "resolved"
