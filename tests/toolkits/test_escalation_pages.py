"""The pages of escalations: who holds what, and taking, assigning and resolving it."""

from collections.abc import Callable

import pytest
from django.test import Client

from kasilabs.accounts.models import Member, Notice
from kasilabs.toolkits.escalations import changes
from kasilabs.toolkits.escalations.models import Escalation, Priority
from kasilabs.whatsapp.models import Instance
from tests.support import factories, trail
from tests.support.factories import ACTOR, Cast
from tests.support.statements import statements
from tests.support.visits import page

URL = "/o/kasi-legal/escalations/"


@pytest.fixture
def number(cast: Cast) -> Instance:
    return factories.number(cast.organization)


@pytest.fixture
def operator(cast: Cast) -> Member:
    return cast.organization.members.get(user=cast.operator)


@pytest.fixture
def owner(cast: Cast) -> Member:
    return cast.organization.members.get(user=cast.owner)


def hand_over(number: Instance, reason: str = "Wants <b>money</b> back") -> Escalation:
    return changes.create(factories.origin(number), reason=reason, priority=Priority.HIGH, summary="Paid twice")


def url(escalation: Escalation, *rest: str) -> str:
    return "/".join([URL + escalation.public_id, *rest, ""])


def test_the_queue_says_who_holds_what(
    number: Instance, cast: Cast, operator: Member, owner: Member, as_: Callable[..., Client]
) -> None:
    for reason, holder in (("waits", None), ("is mine", operator), ("is theirs", owner), ("is done", operator)):
        escalation = hand_over(number, reason)
        if holder:
            changes.take(escalation, member=holder, actor=ACTOR)
        if reason == "is done":
            changes.resolve(escalation, member=operator, actor=ACTOR, note="Paid back")
    hand_over(factories.number(cast.rival))
    client = as_(cast.operator)

    def shown(**query: str) -> list[str]:
        return [each.reason for each in client.get(URL, query).context["page"].rows]

    assert shown() == shown(show="waiting") == ["waits"]
    assert shown(show="mine") == ["is mine"]
    assert shown(show="teammates") == ["is theirs"]
    assert shown(show="resolved") == ["is done"]
    tabs = client.get(URL).context["tabs"]
    assert [(name, count) for name, _label, count in tabs] == [
        ("waiting", 1),
        ("mine", 1),
        ("teammates", 1),
        ("resolved", None),
    ]


@pytest.mark.parametrize("show", ["", "waiting", "mine", "teammates", "resolved"])
def test_an_empty_list_says_what_will_stand_there(cast: Cast, as_: Callable[..., Client], show: str) -> None:
    assert "empty-title" in page(as_(cast.operator).get(URL, {"show": show}))


@pytest.mark.parametrize("show", ["gone", "a\0b", "x" * 5000])
def test_a_list_that_does_not_exist_shows_nothing(
    number: Instance, cast: Cast, as_: Callable[..., Client], show: str
) -> None:
    hand_over(number)
    answer = as_(cast.operator).get(URL, {"show": show})
    assert (answer.status_code, list(answer.context["page"].rows)) == (422, [])


def test_the_side_bar_counts_what_waits_for_those_who_may_answer(
    number: Instance, cast: Cast, operator: Member, as_: Callable[..., Client]
) -> None:
    hand_over(number)
    changes.take(hand_over(number), member=operator, actor=ACTOR)
    hand_over(factories.number(cast.rival))

    def counts(client: Client) -> dict[str, int | None]:
        groups = client.get("/o/kasi-legal/").context["navigation"].groups
        return {str(item.label): item.count for group in groups for item in group.items}

    assert counts(as_(cast.operator))["Escalations"] == 1
    assert "Escalations" not in counts(as_(cast.viewer))


def test_who_may_not_answer_chats_is_told_which_permission_is_missing(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    escalation = hand_over(number)
    client = as_(cast.viewer)
    for address in (URL, url(escalation), url(escalation, "assign"), url(escalation, "resolve")):
        answer = client.get(address)
        assert answer.status_code == 403
        assert "chats.answer" in page(answer)
    assert client.post(url(escalation, "take")).status_code == 403
    assert Escalation.objects.get().state == "waiting"


def test_the_page_says_why_and_who_in_words_that_cannot_run(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    escalation = hand_over(number)
    shown = page(as_(cast.operator).get(url(escalation)))
    for words in ("Wants &lt;b&gt;money&lt;/b&gt; back", "Paid twice", "Sandbox", escalation.alias, escalation.origin):
        assert words in shown


def test_one_takes_it_and_resolves_it_with_a_note(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    escalation, client = hand_over(number), as_(cast.operator)
    assert client.post(url(escalation, "take"))["Location"] == url(escalation)
    assert client.get(url(escalation, "resolve")).status_code == 200
    assert client.post(url(escalation, "resolve"), {"note": ""}).status_code == 422
    assert client.post(url(escalation, "resolve"), {"note": "x" * 201}).status_code == 422
    assert client.post(url(escalation, "resolve"), {"note": "Paid back"})["Location"] == url(escalation)
    assert Escalation.objects.get().state == "resolved"
    assert "Paid back" in page(client.get(url(escalation)))
    assert list(trail.entries().order_by("seq").values_list("action", "actor", "reason")) == [
        ("escalation.taken", cast.operator.email, ""),
        ("escalation.resolved", cast.operator.email, "Paid back"),
    ]


def test_one_puts_it_back(number: Instance, cast: Cast, operator: Member, as_: Callable[..., Client]) -> None:
    escalation = hand_over(number)
    changes.take(escalation, member=operator, actor=ACTOR)
    as_(cast.operator).post(url(escalation, "put-back"))
    assert Escalation.objects.get().state == "waiting"


def test_it_is_assigned_to_a_person_or_a_queue(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    escalation, client = hand_over(number), as_(cast.operator)
    assert client.get(url(escalation, "assign")).status_code == 200
    for wrong in (
        {},
        {"person": cast.owner.pk, "queue": "billing"},
        {"person": cast.viewer.pk},
        {"person": cast.stranger.pk},
        {"person": "nobody"},
        {"queue": "x" * 65},
        {"queue": "\u200b"},
    ):
        assert client.post(url(escalation, "assign"), wrong).status_code == 422
    assert Escalation.objects.get().queue == ""
    client.post(url(escalation, "assign"), {"queue": "billing"})
    assert (Escalation.objects.get().state, Escalation.objects.get().queue) == ("waiting", "billing")
    client.post(url(escalation, "assign"), {"person": cast.owner.pk})
    holder = Escalation.objects.get().holder
    assert holder is not None
    assert (holder.user, Notice.objects.get().user) == (cast.owner, cast.owner)


def test_what_somebody_was_faster_with_is_said_on_its_page(
    number: Instance, cast: Cast, owner: Member, as_: Callable[..., Client]
) -> None:
    escalation, client = hand_over(number), as_(cast.operator)
    changes.take(escalation, member=owner, actor=ACTOR)
    answer = client.post(url(escalation, "take"))
    assert answer.status_code == 409
    assert "changed this meanwhile" in page(answer)
    for method in (client.get, client.post):
        answer = method(url(escalation, "resolve"))
        assert answer.status_code == 409
        assert "Only the person who holds it" in page(answer)
    changes.resolve(escalation, member=owner, actor=ACTOR, note="Done")
    assert client.get(url(escalation, "assign")).status_code == 409
    assert "Assign" not in page(client.get(url(escalation)))


def test_an_escalation_of_another_organization_is_not_found(cast: Cast, as_: Callable[..., Client]) -> None:
    theirs, client = hand_over(factories.number(cast.rival)), as_(cast.owner)
    assert client.get(url(theirs)).status_code == 404
    for act in ("take", "put-back", "assign", "resolve"):
        assert client.post(url(theirs, act), {"note": "x", "queue": "x"}).status_code == 404
    assert Escalation.objects.get().state == "waiting"


def test_a_long_queue_shows_the_most_urgent_and_asks_as_little(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    client = as_(cast.operator)
    hand_over(number)
    client.get(URL)
    few = len(statements(lambda: client.get(URL)))
    for _each in range(100):
        hand_over(number)
    assert len(statements(lambda: client.get(URL))) == few
    answer = client.get(URL)
    assert (len(answer.context["page"].rows), answer.context["most_shown"]) == (100, 100)
    assert "These are the first 100" in page(answer)
