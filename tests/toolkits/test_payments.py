"""Payments and refunds with the two providers that need nobody: the ledger of the sandbox, and cash."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kasilabs.lib import ids
from kasilabs.lib.money import LARGEST, Money
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits.effects import perform
from kasilabs.toolkits.effects.models import Effect, Stage
from kasilabs.toolkits.orders import changes as orders
from kasilabs.toolkits.orders.models import Order, OrderState
from kasilabs.toolkits.payments import collect, refunds, settlement
from kasilabs.toolkits.payments.models import Payment, PaymentState, Refund, RefundState
from kasilabs.toolkits.scope import Origin
from kasilabs.whatsapp.models import Instance
from tests.support import factories, trail
from tests.support.concurrency import at_once, or_error
from tests.support.factories import ACTOR

KES = Money(105_000, "KES")


def initiate(origin: Origin, **changed: Any) -> Payment:
    given = {"amount": KES, "reference": "ORDER-1", "description": "13 kg of gas", **changed}
    return collect.initiate(origin, **given)


def paid(number: Instance, *, mode: Mode = Mode.SANDBOX, **changed: Any) -> Payment:
    payment = initiate(factories.origin(number, mode=mode), **changed)
    perform.perform(payment.effect)
    payment.refresh_from_db()
    return payment


def request_refund(payment: Payment, minor: int | None = None, *, origin: str = "brc_refund") -> Refund:
    amount = None if minor is None else Money(minor, "KES")
    return refunds.request_refund(payment, amount=amount, reason="leaks", origin=origin)


def refund(payment: Payment, minor: int | None = None, *, origin: str = "brc_refund") -> Refund:
    asked = request_refund(payment, minor, origin=origin)
    perform.perform(asked.effect)
    asked.refresh_from_db()
    payment.refresh_from_db()
    return asked


def test_in_the_sandbox_the_ledger_settles_a_payment(number: Instance) -> None:
    payment = initiate(factories.origin(number))
    assert payment.as_json()["state"] == "pending"
    perform.perform(payment.effect)
    payment.refresh_from_db()
    shown = payment.as_json()
    times = {name: shown.pop(name) for name in ("createdAt", "settledAt")}
    assert shown == {
        "id": ids.encode(ids.Prefix.PAYMENT, payment.id),
        "state": "paid",
        "amount": {"amountMinor": 105_000, "currency": "KES"},
        "refunded": {"amountMinor": 0, "currency": "KES"},
        "reference": "ORDER-1",
        "mode": "sandbox",
    }
    assert times["createdAt"] <= times["settledAt"]
    assert (payment.effect.provider, payment.effect.stage) == ("ledger", Stage.DONE)


def test_one_call_makes_one_payment_however_often_it_comes(number: Instance) -> None:
    origin = factories.origin(number)
    made = at_once(*[lambda: initiate(origin)] * 8)
    assert (Payment.objects.count(), Effect.objects.count()) == (1, 1)
    assert {payment.id for payment in made} == {Payment.objects.get().id}


def test_what_the_provider_knows_a_payment_by_follows_from_its_effect(number: Instance) -> None:
    effect = initiate(factories.origin(number)).effect
    assert effect.provider_ref == effect.id.hex


@pytest.mark.parametrize("method", ["", "ledger", "mpesa"])
def test_live_without_a_provider_a_payment_is_refused(number: Instance, method: str) -> None:
    with pytest.raises(Refused) as refused:
        initiate(factories.origin(number, mode=Mode.LIVE), method=method)
    assert refused.value.code == "provider_not_configured"
    assert not Effect.objects.exists()


def test_cash_waits_for_a_person_who_says_it_was_paid(number: Instance) -> None:
    payment = paid(number, mode=Mode.LIVE, method="cash")
    assert (payment.state, payment.effect.stage, payment.mode) == ("pending", Stage.DISPATCHING, "live")
    settlement.mark_settled(payment, actor=ACTOR, receipt="R-17", reason="Counted at the till")
    assert (payment.state, payment.receipt, payment.code) == (PaymentState.PAID, "R-17", "marked_settled")
    entry = trail.entries().get()
    assert (entry.action, entry.target) == ("payment.marked_settled", payment.public_id)
    assert (entry.before, entry.after) == ({"state": "pending"}, {"state": "paid", "receipt": "R-17"})
    assert entry.reason == "Counted at the till"


def test_cash_that_never_came_is_marked_failed(number: Instance) -> None:
    payment = initiate(factories.origin(number, mode=Mode.LIVE), method="cash")
    settlement.mark_failed(payment, actor=ACTOR, reason="The customer did not come")
    assert (payment.state, payment.code) == (PaymentState.FAILED, "marked_failed")
    assert "settledAt" not in payment.as_json()
    perform.perform(payment.effect)
    payment.refresh_from_db()
    assert (payment.state, payment.effect.stage) == (PaymentState.FAILED, Stage.REFUSED)


def test_what_is_settled_cannot_be_marked_otherwise(number: Instance) -> None:
    payment = paid(number)
    with pytest.raises(Refused) as refused:
        settlement.mark_failed(payment, actor=ACTOR, reason="Changed my mind")
    assert refused.value.code == "already_final"
    assert Payment.objects.get().state == PaymentState.PAID
    assert not trail.entries().exists()


def order(number: Instance, origin: Origin) -> Order:
    items = [orders.Item("GAS-13", "13 kg", 1, KES.amount_minor)]
    return orders.place(origin, items=items, currency="KES", delivery=None, reference="B2C-1")


@pytest.mark.parametrize(("minor", "state"), [(105_000, OrderState.CONFIRMED), (104_999, OrderState.PLACED)])
def test_an_order_is_confirmed_when_its_total_is_paid(number: Instance, minor: int, state: OrderState) -> None:
    placed = order(number, factories.origin(number))
    paid(number, order=placed, amount=Money(minor, "KES"))
    placed.refresh_from_db()
    assert placed.state == state


def test_nothing_is_asked_for_a_cancelled_order(number: Instance) -> None:
    placed = order(number, factories.origin(number))
    orders.cancel(placed, actor=ACTOR, reason="no stock")
    with pytest.raises(Refused) as refused:
        initiate(factories.origin(number), order=placed)
    assert refused.value.code == "already_final"


def test_a_refund_in_two_parts_leaves_nothing(number: Instance) -> None:
    payment = paid(number)
    first = refund(payment, 5_000, origin="brc_1")
    assert first.as_json() == {
        "id": first.public_id,
        "payment": payment.public_id,
        "state": "refunded",
        "amount": {"amountMinor": 5_000, "currency": "KES"},
    }
    assert (payment.state, payment.as_json()["refunded"]["amountMinor"]) == (PaymentState.PARTLY_REFUNDED, 5_000)
    rest = refund(payment, origin="brc_2")
    assert (rest.amount_minor, payment.state, payment.refunded_minor) == (100_000, PaymentState.REFUNDED, 105_000)


def test_one_call_makes_one_refund_however_often_it_comes(number: Instance) -> None:
    payment = paid(number)
    made = at_once(*[lambda: request_refund(Payment.objects.get(), 60_000)] * 4)
    payment.refresh_from_db()
    assert (Refund.objects.count(), payment.reserved_minor) == (1, 60_000)
    assert {each.id for each in made} == {Refund.objects.get().id}


def test_no_more_goes_back_than_was_paid(number: Instance) -> None:
    payment = paid(number)
    refund(payment, 100_000, origin="brc_1")
    for minor in (5_001, LARGEST):
        with pytest.raises(Refused) as refused:
            request_refund(payment, minor, origin="brc_2")
        assert refused.value.code == "refund_exceeds_captured"
    refund(payment, 5_000, origin="brc_3")
    with pytest.raises(Refused) as refused:
        request_refund(payment, origin="brc_4")
    assert refused.value.code == "refund_exceeds_captured"
    assert (Refund.objects.count(), Effect.objects.count()) == (2, 3)


def test_the_largest_amount_goes_back_exactly(number: Instance) -> None:
    payment = paid(number, amount=Money(LARGEST, "KES"))
    refund(payment, LARGEST - 3_000_000_000, origin="brc_1")
    failed = request_refund(payment, 2_999_999_999, origin="brc_2")
    settlement.mark_failed(failed, actor=ACTOR, reason="The account is closed")
    payment.refresh_from_db()
    assert (payment.reserved_minor, payment.refunded_minor) == (LARGEST - 3_000_000_000, LARGEST - 3_000_000_000)
    assert refund(payment, origin="brc_3").amount_minor == 3_000_000_000
    assert (payment.state, payment.refunded_minor) == (PaymentState.REFUNDED, LARGEST)


def test_a_refund_has_the_currency_of_its_payment(number: Instance) -> None:
    with pytest.raises(Refused) as refused:
        refunds.request_refund(paid(number), amount=Money(5, "UGX"), reason="leaks", origin="brc_1")
    assert refused.value.code == "currency_not_supported"


@pytest.mark.parametrize("state", ["pending", "unknown", "failed", "cancelled"])
def test_what_was_not_paid_cannot_go_back(number: Instance, state: str) -> None:
    payment = initiate(factories.origin(number))
    Payment.objects.update(state=state)
    for minor in (None, 5):
        with pytest.raises(Refused) as refused:
            request_refund(payment, minor)
        assert refused.value.code == "not_refundable"
    assert not Refund.objects.exists()


def test_a_refund_that_failed_may_be_asked_for_again(number: Instance) -> None:
    payment = paid(number)
    failed = request_refund(payment, origin="brc_1")
    settlement.mark_failed(failed, actor=ACTOR, reason="The account is closed")
    payment.refresh_from_db()
    assert (failed.state, payment.state, payment.reserved_minor) == (RefundState.FAILED, PaymentState.PAID, 0)
    assert refund(payment, origin="brc_2").state == RefundState.REFUNDED


def test_of_fifty_racing_refunds_no_more_go_through_than_were_paid_for(number: Instance) -> None:
    payment = paid(number)
    ended = at_once(
        *[
            or_error(lambda each=each: request_refund(Payment.objects.get(), 20_000, origin=f"brc_{each}"))  # type: ignore[misc]
            for each in range(50)
        ]
    )
    assert sum(isinstance(each, Refund) for each in ended) == 5
    assert {each.code for each in ended if isinstance(each, Refused)} == {"refund_exceeds_captured"}
    payment.refresh_from_db()
    assert payment.reserved_minor == 100_000


def test_racing_refunds_of_the_rest_go_through_once(number: Instance) -> None:
    payment = paid(number)
    ended = at_once(
        *[
            or_error(lambda each=each: request_refund(Payment.objects.get(), origin=f"brc_{each}"))  # type: ignore[misc]
            for each in range(8)
        ]
    )
    assert [each.amount_minor for each in ended if isinstance(each, Refund)] == [105_000]
    payment.refresh_from_db()
    assert payment.reserved_minor == 105_000


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked=st.lists(st.integers(1, 60_000), min_size=1, max_size=6), failing=st.sets(st.integers(0, 5)))
def test_whatever_is_asked_at_once_the_sums_hold(number: Instance, asked: list[int], failing: set[int]) -> None:
    payment = paid(number)
    prefix = payment.public_id[-12:]
    ended = at_once(
        *[
            or_error(
                lambda each=each, minor=minor: request_refund(  # type: ignore[misc]
                    Payment.objects.get(pk=payment.pk), minor, origin=f"brc_{prefix}_{each}"
                )
            )
            for each, minor in enumerate(asked)
        ]
    )
    for position, each in enumerate(ended):
        if isinstance(each, Refund) and position in failing:
            settlement.mark_failed(each, actor=ACTOR, reason="test")
        elif isinstance(each, Refund):
            perform.perform(each.effect)
    payment.refresh_from_db()
    sums = {state: sum(row.amount_minor for row in payment.refunds.filter(state=state)) for state in RefundState}
    assert payment.refunded_minor == payment.reserved_minor == sums[RefundState.REFUNDED] <= payment.amount_minor
    assert sums[RefundState.PENDING] == 0
    biggest_refused = min((asked[i] for i, each in enumerate(ended) if isinstance(each, Refused)), default=LARGEST)
    assert sum(sums.values()) + biggest_refused > payment.amount_minor


def test_the_database_refuses_sums_that_cannot_be(number: Instance) -> None:
    payment = paid(number)
    for values in (
        {"reserved_minor": 105_001},
        {"refunded_minor": 1},
        {"refunded_minor": -1},
        {"amount_minor": 0},
        {"amount_minor": LARGEST + 1},
        {"reserved_minor": F("amount_minor") + 1},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Payment.objects.filter(pk=payment.pk).update(**values)


def test_a_payment_is_made_and_settled_in_so_many_statements(number: Instance, django_assert_num_queries: Any) -> None:
    origin = factories.origin(number)
    with django_assert_num_queries(4):
        payment = initiate(origin)
    with django_assert_num_queries(14):
        perform.perform(payment.effect)
