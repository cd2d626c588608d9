"""The pages of payments: finding one that hangs, what was asked and answered, and saying how it ended."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from kasilabs.accounts.models import Member
from kasilabs.jobs.models import State
from kasilabs.lib.money import Money
from kasilabs.toolkits.effects import perform
from kasilabs.toolkits.effects.models import Effect, Stage
from kasilabs.toolkits.payments import collect, refunds, settlement
from kasilabs.toolkits.payments.models import Payment, PaymentState, Refund
from kasilabs.whatsapp.models import Instance
from tests.support import factories, trail
from tests.support.factories import ACTOR, PASSWORD, Cast, cash_payment
from tests.support.visits import page

PHONE = "+254700000141"
URL = "/o/kasi-legal/payments/"


@pytest.fixture
def number(transactional_db: None, cast: Cast) -> Instance:
    return factories.number(cast.organization)


def url(payment: Payment, *rest: str) -> str:
    return "/".join([URL + payment.public_id, *rest, ""])


@pytest.fixture
def proven(as_: Callable[..., Client]) -> Callable[..., Client]:
    """Return a client of somebody who has just proved again who they are."""

    def prove(user: Any) -> Client:
        client = as_(user)
        assert client.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
        return client

    return prove


def found(client: Client, query: str) -> list[str]:
    answer = client.get(URL, {"q": query})
    assert answer.status_code == 200
    return [payment.reference for payment in answer.context["page"].rows]


@pytest.mark.parametrize(
    ("query", "references"),
    [
        ("", ["INVOICE-2", "ORDER-1"]),
        ("ORDER", ["ORDER-1"]),
        ("ORDER-1", ["ORDER-1"]),
        ("order", ["ORDER-1"]),
        ("RDER-1", []),
        ("1,050", ["ORDER-1"]),
        ("1050.00", ["ORDER-1"]),
        ("KES 2000.50", ["INVOICE-2"]),
        ("UGX 1050", []),
        ("2000.505", []),
        (PHONE, ["ORDER-1"]),
        ("+254 700 000 141", ["ORDER-1"]),
        ("+254", []),
        ("0" * 64, []),
        ("%", []),
        ("\N{PILE OF POO}", []),
    ],
)
def test_a_payment_is_found_by_what_somebody_has_of_it(
    number: Instance, cast: Cast, as_: Callable[..., Client], query: str, references: list[str]
) -> None:
    cash_payment(number, phone=PHONE)
    cash_payment(number, "INVOICE-2", 200_050)
    cash_payment(factories.number(cast.rival), phone=PHONE)
    assert found(as_(cast.operator), query) == references


def test_a_payment_is_found_by_its_id_alias_and_receipt(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    payment, _other = cash_payment(number), cash_payment(number, "INVOICE-2")
    settlement.mark_settled(payment, actor=ACTOR, receipt="R-17", reason="Counted")
    client = as_(cast.owner)
    assert [found(client, each) for each in (payment.public_id, payment.alias, "R-17")] == [["ORDER-1"]] * 3


def test_a_phone_number_finds_nothing_for_who_may_not_search_by_it(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    cash_payment(number, phone=PHONE)
    Member.objects.filter(user=cast.operator).update(withdrawn=["customers.phone"])
    assert found(as_(cast.operator), PHONE) == []


def test_no_page_shows_the_phone_number(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    payment = cash_payment(number, phone=PHONE)
    for address in (URL, url(payment)):
        assert "700000141" not in page(as_(cast.owner).get(address)).replace(" ", "")


@pytest.mark.parametrize("query", [{"q": "x" * 65}, {"state": "gone"}, {"q": "a\0b"}])
def test_what_cannot_be_read_is_said_and_shows_no_payment(
    number: Instance, cast: Cast, as_: Callable[..., Client], query: dict[str, str]
) -> None:
    cash_payment(number)
    answer = as_(cast.owner).get(URL, query)
    assert (answer.status_code, list(answer.context["page"].rows)) == (422, [])


def test_a_cursor_of_another_search_is_not_found(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    for position in range(51):
        collect.initiate(factories.origin(number), amount=Money(100, "KES"), reference=f"O-{position}", description="")
    client = as_(cast.owner)
    first = client.get(URL, {"q": "O-"})
    older = first.context["page"].older
    assert f'href="?q=O-&amp;after={older}"' in page(first)
    rest = client.get(URL, {"q": "O-", "after": older})
    assert [row.reference for row in rest.context["page"].rows] == ["O-0"]
    assert f'<a href="{URL}?q=O-">Newest</a>' in page(rest)
    assert client.get(URL, {"after": older}).status_code == 404


def test_the_page_of_a_payment_says_what_was_asked_and_that_a_person_has_to_say(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    payment = cash_payment(number)
    shown = page(as_(cast.operator).get(url(payment)))
    for words in ("KES 1,050", payment.effect.provider_ref, "awaits_person", "a person has to say how it ended"):
        assert words in shown
    assert "Mark paid" not in shown


def test_the_page_says_when_the_provider_is_asked_again(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    payment = cash_payment(number)
    at = timezone.now() + timedelta(minutes=9)
    Effect.objects.update(state=State.WAITING, due_at=at, stage=Stage.UNKNOWN)
    Payment.objects.update(state=PaymentState.UNKNOWN)
    answer = as_(cast.operator).get(url(payment))
    assert answer.context["asked_again"] == at
    assert "Nobody knows yet whether this was paid." in page(answer)


def test_a_payment_of_another_organization_is_not_found(
    number: Instance, cast: Cast, proven: Callable[..., Client]
) -> None:
    theirs, ours = cash_payment(factories.number(cast.rival)), cash_payment(number)
    foreign = refund(paid(theirs))
    client = proven(cast.owner)
    for address in (url(theirs), url(theirs, "mark-paid"), url(ours, "refunds", foreign.public_id, "mark-failed")):
        assert client.get(address).status_code == 404
    assert client.post(url(theirs, "ask")).status_code == 404


def paid(payment: Payment) -> Payment:
    settlement.mark_settled(payment, actor=ACTOR, receipt="R-1", reason="Counted")
    return payment


def refund(payment: Payment) -> Refund:
    return refunds.request_refund(payment, amount=Money(5_000, "KES"), reason="leaks", origin=f"brc_{payment.id.hex}")


def test_who_marks_a_payment_has_proved_again_who_they_are(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    payment = cash_payment(number)
    for answer in (
        as_(cast.owner).get(url(payment, "mark-paid")),
        as_(cast.owner).post(url(payment, "mark-paid"), {"receipt": "R-1", "reason": "Counted"}),
    ):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/reauthenticate/")
    payment.refresh_from_db()
    assert payment.state == PaymentState.PENDING


def test_a_payment_is_marked_paid_with_receipt_and_reason(
    number: Instance, cast: Cast, proven: Callable[..., Client]
) -> None:
    payment = cash_payment(number)
    answer = proven(cast.admin).post(url(payment, "mark-paid"), {"receipt": "R-17", "reason": "Counted at the till"})
    assert (answer.status_code, answer["Location"]) == (302, url(payment))
    payment.refresh_from_db()
    assert (payment.state, payment.receipt, payment.effect.stage) == ("paid", "R-17", Stage.DONE)
    entry = trail.entries().get(action="payment.marked_settled")
    assert (entry.actor, entry.target, entry.reason) == (cast.admin.email, payment.public_id, "Counted at the till")


@pytest.mark.parametrize(
    ("act", "given", "field"),
    [
        ("mark-paid", {"receipt": "", "reason": "x"}, "receipt"),
        ("mark-paid", {"receipt": "R-1", "reason": " "}, "reason"),
        ("mark-paid", {"receipt": "R" * 65, "reason": "x"}, "receipt"),
        ("mark-paid", {"receipt": "R\u200b1", "reason": "x"}, "receipt"),
        ("mark-failed", {"reason": "x" * 201}, "reason"),
        ("mark-failed", {}, "reason"),
    ],
)
def test_without_receipt_and_reason_nothing_is_marked(
    number: Instance, cast: Cast, proven: Callable[..., Client], act: str, given: dict[str, str], field: str
) -> None:
    payment = cash_payment(number)
    answer = proven(cast.owner).post(url(payment, act), given)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    payment.refresh_from_db()
    assert payment.state == PaymentState.PENDING
    assert not trail.entries().exists()


def test_what_the_provider_has_settled_meanwhile_is_not_marked_failed(
    number: Instance, cast: Cast, proven: Callable[..., Client]
) -> None:
    payment, client = cash_payment(number), proven(cast.owner)
    assert client.get(url(payment, "mark-failed")).status_code == 200
    paid(payment)
    answer = client.post(url(payment, "mark-failed"), {"reason": "The customer left"})
    assert answer.status_code == 409
    assert "The provider has answered meanwhile" in page(answer)
    payment.refresh_from_db()
    assert payment.state == PaymentState.PAID


def test_a_refund_in_cash_is_marked_as_given_back(number: Instance, cast: Cast, proven: Callable[..., Client]) -> None:
    payment = paid(cash_payment(number))
    asked = refund(payment)
    perform.perform(asked.effect)
    address = url(payment, "refunds", asked.public_id, "mark-refunded")
    client = proven(cast.owner)
    shown = page(client.get(address))
    assert (shown.count("Mark refunded"), shown.count("Mark paid")) == (3, 0)
    answer = client.post(address, {"receipt": "R-2", "reason": "Handed over"})
    assert answer["Location"] == url(payment)
    payment.refresh_from_db()
    assert (Refund.objects.get().state, payment.state, payment.refunded_minor) == ("refunded", "partly_refunded", 5_000)


def test_a_refund_that_never_arrived_is_marked_failed(
    number: Instance, cast: Cast, proven: Callable[..., Client]
) -> None:
    payment = paid(cash_payment(number))
    asked = refund(payment)
    proven(cast.owner).post(url(payment, "refunds", asked.public_id, "mark-failed"), {"reason": "No account"})
    payment.refresh_from_db()
    assert (Refund.objects.get().state, payment.reserved_minor) == ("failed", 0)


def test_asking_now_is_due_now(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    payment = cash_payment(number)
    Effect.objects.update(
        state=State.WAITING, due_at=timezone.now() + timedelta(hours=1), provider="till_queryable", answer="unknown"
    )
    assert as_(cast.owner).post(url(payment, "ask"))["Location"] == url(payment)
    assert Effect.objects.get().due_at <= timezone.now()


def test_where_nothing_can_be_asked_that_is_said(number: Instance, cast: Cast, as_: Callable[..., Client]) -> None:
    answer = as_(cast.owner).post(url(cash_payment(number), "ask"), follow=True)
    assert "There is nothing to ask the provider now." in page(answer)


def test_what_is_overdue_stands_on_the_overview_and_in_a_list(
    number: Instance, cast: Cast, as_: Callable[..., Client]
) -> None:
    late, contradicted, _new, _paid = (
        cash_payment(number, "LATE"),
        cash_payment(number, "OTHER"),
        cash_payment(number, "NEW"),
        paid(cash_payment(number)),
    )
    Payment.objects.filter(pk=late.pk).update(created=timezone.now() - timedelta(hours=1))
    Effect.objects.filter(pk=contradicted.effect_id).update(contradicted_by="settled")
    assert "2 payments should have ended by now." in page(as_(cast.operator).get("/o/kasi-legal/"))
    shown = as_(cast.operator).get(URL, {"state": "overdue"}).context["page"].rows
    assert [payment.reference for payment in shown] == ["OTHER", "LATE"]
    assert "should have ended" not in page(as_(cast.viewer).get("/o/kasi-legal/"))


def test_the_list_costs_the_same_for_one_payment_as_for_many(
    number: Instance, cast: Cast, as_: Callable[..., Client], django_assert_num_queries: Any
) -> None:
    client = as_(cast.owner)
    for many in (1, 9):
        for position in range(many):
            cash_payment(number, f"O-{many}-{position}")
        with django_assert_num_queries(5):
            client.get(URL, {"q": "O-"})
