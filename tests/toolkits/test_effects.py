"""One external effect over HTTP, whatever the provider does: the ledger of the fake provider counts."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kasilabs.jobs import sweep
from kasilabs.jobs.models import State
from kasilabs.lib.db.connection import InsideTransaction
from kasilabs.lib.money import Money
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits import providers
from kasilabs.toolkits.effects import conclude, perform, permits
from kasilabs.toolkits.effects.models import Effect, Stage
from kasilabs.toolkits.payments import collect, refunds, settlement
from kasilabs.toolkits.payments.models import Payment, PaymentState, Refund, RefundState
from kasilabs.toolkits.providers.base import BadWebhook
from kasilabs.whatsapp.models import Instance
from tests.support import factories, trail
from tests.support.clock import StandingClock
from tests.support.concurrency import at_once
from tests.support.factories import ACTOR
from tests.support.fake_provider import FakeProvider, Fault

PHONE = "+254700000141"
serial = count(1)
KES_1050 = Money(105_000, "KES")
BEST = "till_deduped_queryable"
ALL = [BEST, "till_deduped", "till_queryable", "till"]


@pytest.fixture
def till(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    settings.PLUGIN_HOSTS_ALLOWED = "127.0.0.1"
    settings.JOBS_RETRY_SECONDS = 0.000001
    with FakeProvider() as provider:
        monkeypatch.setenv("TILL_URL", provider.url)
        yield provider


def initiate(number: Instance, method: str = BEST, *, amount: Money = KES_1050, phone: str = "") -> Payment:
    phone = phone or f"+2547001{next(serial):05}"
    origin = factories.origin(number, mode=Mode.LIVE, phone=phone)
    return collect.initiate(origin, amount=amount, reference="ORDER-1", description="Gas", method=method)


def performed(payment: Payment) -> Payment:
    perform.perform(payment.effect)
    payment.refresh_from_db()
    return payment


def paid(number: Instance, method: str = BEST) -> Payment:
    payment = performed(initiate(number, method))
    assert payment.state == PaymentState.PAID
    return payment


def state(payment: Payment) -> tuple[str, str]:
    payment.refresh_from_db()
    return payment.state, payment.effect.stage


def work_until_rest() -> None:
    """Do what the worker does, until nothing is due or has moved for a while: a lost answer is due again at once."""
    for _ in range(4):
        sweep.run_due()


def reference(payment: Payment) -> str:
    return payment.effect.provider_ref


def webhook(till: FakeProvider, payment: Payment, status: str, **members: Any) -> None:
    raw, headers = till.webhook(reference(payment), status, **members)
    conclude.receive(providers.get(payment.effect.provider), raw, headers)


def test_a_payment_goes_out_once_with_the_phone_and_the_reference(number: Instance, till: FakeProvider) -> None:
    payment = performed(initiate(number, phone=PHONE))
    assert till.transfers == [
        {
            "reference": payment.effect.id.hex,
            "operation": "charge",
            "phone": PHONE,
            "amountMinor": 105_000,
            "currency": "KES",
        }
    ]
    assert till.ledger == [reference(payment)]
    assert (payment.receipt, payment.effect.answer, payment.effect.state) == ("T1", "settled", State.DONE)


def test_nothing_is_held_while_the_provider_works(
    number: Instance, till: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    adapter = providers.get(BEST)
    dispatch = adapter.dispatch

    def look(request: Any, *, timeout: float) -> Any:
        seen.append((connection.in_atomic_block, connection.connection is None))
        return dispatch(request, timeout=timeout)

    monkeypatch.setattr(adapter, "dispatch", look)
    paid(number)
    assert seen == [(False, connection.vendor == "postgresql")]


def test_nothing_goes_out_inside_a_transaction(number: Instance, till: FakeProvider) -> None:
    payment = initiate(number)
    with pytest.raises(InsideTransaction), transaction.atomic():
        perform.perform(payment.effect)
    assert (till.ledger, state(payment)) == ([], ("pending", Stage.PREPARED))


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        (Money(1050, "KES"), "amount_not_representable"),
        (Money(99, "KES"), "amount_not_representable"),
        (Money(1000, "UGX"), "currency_not_supported"),
    ],
)
def test_what_the_provider_cannot_move_exactly_is_refused_before_anything_is_written(
    number: Instance, till: FakeProvider, amount: Money, code: str
) -> None:
    with pytest.raises(Refused) as refused:
        initiate(number, amount=amount)
    assert refused.value.code == code
    assert (Effect.objects.count(), till.transfers) == (0, [])


def test_a_customer_without_a_phone_number_cannot_be_asked(number: Instance, till: FakeProvider) -> None:
    origin = factories.origin(number, mode=Mode.LIVE)
    with pytest.raises(Refused) as refused:
        collect.initiate(origin, amount=KES_1050, reference="ORDER-1", description="Gas", method=BEST)
    assert refused.value.code == "customer_unreachable"
    assert not Effect.objects.exists()


def without_account(patch: pytest.MonkeyPatch) -> None:
    """Take the provider's account away, as an organization does that removes its secrets."""

    def account(_organization: Any) -> Any:
        raise Refused("provider_not_configured", "There is no account.")

    patch.setattr(providers.get(BEST), "account", account)


def test_what_was_not_sent_before_the_account_was_removed_is_refused(
    number: Instance, till: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    payment = initiate(number)
    without_account(monkeypatch)
    work_until_rest()
    assert (state(payment), payment.code) == (("failed", Stage.REFUSED), "provider_not_configured")


def test_what_was_sent_before_the_account_was_removed_stays_unknown(
    number: Instance, till: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.faults.append(Fault.DROP_AFTER)
    payment = performed(initiate(number))
    with pytest.MonkeyPatch.context() as patch:
        without_account(patch)
        work_until_rest()
        assert (state(payment), payment.code) == (("unknown", Stage.UNKNOWN), "provider_not_configured")
    work_until_rest()
    assert state(payment) == ("paid", Stage.DONE)


def test_a_refund_the_provider_cannot_move_exactly_is_refused(number: Instance, till: FakeProvider) -> None:
    payment = paid(number)
    with pytest.raises(Refused) as refused:
        refunds.request_refund(payment, amount=Money(1050, "KES"), reason="leaks", origin="brc_refund")
    assert refused.value.code == "amount_not_representable"
    payment.refresh_from_db()
    assert payment.reserved_minor == 0


def test_a_reference_belongs_to_one_effect_of_a_provider(number: Instance, till: FakeProvider) -> None:
    first, second = initiate(number), initiate(number)
    with pytest.raises(IntegrityError), transaction.atomic():
        Effect.objects.filter(pk=second.effect_id).update(provider_ref=reference(first))


def test_of_many_that_perform_one_effect_at_once_one_sends(number: Instance, till: FakeProvider) -> None:
    payment = initiate(number, "till")
    at_once(*[lambda: perform.perform(Effect.objects.get())] * 8)
    assert (till.ledger, state(payment)) == ([reference(payment)], ("paid", Stage.DONE))


@pytest.mark.parametrize(
    ("fault", "ended", "code"),
    [(Fault.REFUSE, PaymentState.FAILED, "no_funds"), (Fault.CUSTOMER_SAYS_NO, PaymentState.CANCELLED, "cancelled")],
)
def test_a_no_of_the_provider_is_final(
    number: Instance, till: FakeProvider, fault: Fault, ended: PaymentState, code: str
) -> None:
    till.faults.append(fault)
    payment = performed(initiate(number))
    work_until_rest()
    assert (state(payment), payment.code) == ((ended, Stage.REFUSED), code)
    assert (len(till.transfers), till.queried, till.ledger) == (1, [], [])


LOST = [Fault.ERROR_BEFORE, Fault.ERROR_AFTER, Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.GARBAGE]


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("method", ALL)
def test_a_lost_answer_is_unknown_at_first(number: Instance, till: FakeProvider, fault: Fault, method: str) -> None:
    till.faults.append(fault)
    payment = performed(initiate(number, method))
    assert (state(payment), len(till.transfers)) == (("unknown", Stage.UNKNOWN), 1)


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("method", [BEST, "till_deduped"])
def test_what_is_deduped_is_sent_again_and_done_once(
    number: Instance, till: FakeProvider, fault: Fault, method: str
) -> None:
    till.faults.append(fault)
    payment = performed(initiate(number, method))
    work_until_rest()
    assert (till.ledger, state(payment)) == ([reference(payment)], ("paid", Stage.DONE))


@pytest.mark.parametrize("fault", [Fault.ERROR_AFTER, Fault.DROP_AFTER, Fault.GARBAGE])
def test_what_can_be_asked_about_is_asked_and_not_sent_again(
    number: Instance, till: FakeProvider, fault: Fault
) -> None:
    till.faults.append(fault)
    payment = performed(initiate(number, "till_queryable"))
    work_until_rest()
    assert (till.ledger, state(payment)) == ([reference(payment)], ("paid", Stage.DONE))
    assert (len(till.transfers), till.queried) == (1, [reference(payment)])


def test_what_is_not_found_stays_unknown_until_it_arrives_late(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.LATE)
    payment = performed(initiate(number, "till_queryable"))
    work_until_rest()
    assert (state(payment), len(till.transfers), till.ledger) == (("unknown", Stage.UNKNOWN), 1, [])
    till.arrive()
    work_until_rest()
    assert (state(payment), len(till.transfers)) == (("paid", Stage.DONE), 1)


@pytest.mark.parametrize("fault", LOST)
def test_what_can_neither_be_asked_nor_sent_again_waits_for_somebody(
    number: Instance, till: FakeProvider, fault: Fault
) -> None:
    till.faults.append(fault)
    payment = performed(initiate(number, "till"))
    work_until_rest()
    assert (state(payment), len(till.transfers)) == (("unknown", Stage.UNKNOWN), 1)
    assert Effect.objects.get().state == State.DONE
    settlement.mark_settled(payment, actor=ACTOR, receipt="T-9", reason="Seen on the statement")
    assert (state(payment), len(till.transfers)) == (("paid", Stage.DONE), 1)


def test_what_was_never_sent_is_sent_later(number: Instance, till: FakeProvider, monkeypatch: Any) -> None:
    monkeypatch.setenv("TILL_URL", "http://127.0.0.1:1")
    payment = performed(initiate(number, "till"))
    assert (state(payment), payment.effect.dispatched_at) == (("pending", Stage.PREPARED), None)
    monkeypatch.setenv("TILL_URL", till.url)
    work_until_rest()
    assert (till.ledger, state(payment)) == ([reference(payment)], ("paid", Stage.DONE))


@pytest.mark.parametrize("method", [BEST, "till_deduped", "till_queryable"])
def test_a_second_asking_that_never_left_does_not_undo_that_the_first_may_have(
    number: Instance, till: FakeProvider, monkeypatch: Any, method: str
) -> None:
    till.faults.append(Fault.DROP_AFTER)
    payment = performed(initiate(number, method))
    monkeypatch.setenv("TILL_URL", "http://127.0.0.1:1")
    work_until_rest()
    assert state(payment) == ("unknown", Stage.UNKNOWN)
    monkeypatch.setenv("TILL_URL", till.url)
    work_until_rest()
    assert (state(payment), till.ledger) == (("paid", Stage.DONE), [reference(payment)])


def test_a_receipt_that_is_too_long_is_cut_and_the_payment_is_paid(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))
    webhook(till, payment, "settled", receipt="R\0" + "1" * 90, code="c" * 90)
    payment.refresh_from_db()
    assert (payment.state, payment.receipt, len(payment.code)) == ("paid", "R" + "1" * 63, 64)


@pytest.mark.parametrize("fault", [Fault.WRONG_AMOUNT, Fault.WRONG_CURRENCY])
def test_an_answer_about_another_amount_is_not_believed(number: Instance, till: FakeProvider, fault: Fault) -> None:
    till.faults.append(fault)
    payment = performed(initiate(number))
    work_until_rest()
    code = "amount_mismatch" if fault == Fault.WRONG_AMOUNT else "currency_mismatch"
    assert (state(payment), payment.code) == (("unknown", Stage.UNKNOWN), code)
    assert len(till.transfers) == 1


def test_what_was_accepted_is_asked_about_until_it_is_settled(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))
    assert state(payment) == ("pending", Stage.DISPATCHING)
    work_until_rest()
    assert state(payment) == ("pending", Stage.DISPATCHING)
    till.settle(reference(payment))
    work_until_rest()
    assert (state(payment), till.ledger) == (("paid", Stage.DONE), [reference(payment)])


def test_what_the_customer_never_answered_fails(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))
    till.refuse(reference(payment))
    work_until_rest()
    assert (state(payment), payment.code) == (("failed", Stage.REFUSED), "expired")


def test_a_provider_that_gave_no_answer_in_time_is_asked_later(
    number: Instance, till: FakeProvider, settings: Any
) -> None:
    settings.PROVIDER_TIMEOUT_SECONDS = 0.2
    till.faults.append(Fault.HOLD)
    payment = performed(initiate(number))
    assert state(payment) == ("unknown", Stage.UNKNOWN)
    settings.PROVIDER_TIMEOUT_SECONDS = 20
    till.release()
    work_until_rest()
    assert (state(payment), till.ledger) == (("paid", Stage.DONE), [reference(payment)])


def test_a_webhook_settles_what_timed_out(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.DROP_AFTER)
    payment = performed(initiate(number, "till"))
    webhook(till, payment, "settled")
    assert (state(payment), payment.receipt) == (("paid", Stage.DONE), "T1")


def test_a_webhook_before_our_own_commit_decides(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.HOLD)
    payment = initiate(number)

    def webhook_first() -> None:
        till.wait_until_held()
        webhook(till, payment, "settled")
        till.release()

    at_once(lambda: perform.perform(Effect.objects.get()), webhook_first)
    assert (state(payment), till.ledger) == (("paid", Stage.DONE), [reference(payment)])
    assert Effect.objects.get().attempt == 2


@pytest.mark.parametrize("last", ["settled", "pending", "unknown"])
def test_a_webhook_that_comes_twice_or_out_of_order_changes_nothing(
    number: Instance, till: FakeProvider, last: str
) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))
    webhook(till, payment, "settled")
    payment.refresh_from_db()
    settled = payment.settled
    webhook(till, payment, last)
    assert (state(payment), payment.settled) == (("paid", Stage.DONE), settled)
    assert payment.effect.contradicted_by == ""


def test_a_webhook_that_contradicts_a_final_word_is_noted_and_changes_nothing(
    number: Instance, till: FakeProvider
) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))
    settlement.mark_failed(payment, actor=ACTOR, reason="The customer left")
    webhook(till, payment, "settled")
    assert state(payment) == ("failed", Stage.REFUSED)
    assert payment.effect.contradicted_by == "settled"


@pytest.mark.parametrize("members", [{"amountMinor": 105_100}, {"amountMinor": 1}, {"currency": "GHS"}])
def test_a_webhook_about_another_amount_is_not_believed(
    number: Instance, till: FakeProvider, members: dict[str, Any]
) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))
    webhook(till, payment, "settled", **members)
    assert state(payment) == ("unknown", Stage.UNKNOWN)
    webhook(till, payment, "settled")
    assert state(payment) == ("paid", Stage.DONE)


def test_a_webhook_with_another_signature_is_not_read(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))
    with pytest.raises(BadWebhook):
        webhook(till, payment, "settled", secret=b"guessed")
    assert state(payment) == ("pending", Stage.DISPATCHING)


def test_a_webhook_that_anybody_could_have_sent_is_asked_about_and_not_believed(
    number: Instance, till: FakeProvider, settings: Any
) -> None:
    settings.JOBS_RETRY_SECONDS = 3600
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number, "till_queryable_unsigned"))
    webhook(till, payment, "settled")
    assert state(payment) == ("pending", Stage.DISPATCHING)
    work_until_rest()
    assert (state(payment), len(till.queried)) == (("pending", Stage.DISPATCHING), 1)
    till.settle(reference(payment))
    webhook(till, payment, "settled")
    work_until_rest()
    assert (state(payment), len(till.queried)) == (("paid", Stage.DONE), 2)


def test_a_webhook_for_nothing_of_ours_changes_nothing(number: Instance, till: FakeProvider) -> None:
    raw, headers = till.webhook("0" * 32, "settled")
    conclude.receive(providers.get(BEST), raw, headers)
    assert not Effect.objects.exists()


def test_the_ledger_of_the_sandbox_and_cash_take_no_webhook(number: Instance, till: FakeProvider) -> None:
    for name in ("ledger", "cash"):
        with pytest.raises(BadWebhook):
            conclude.receive(providers.get(name), *till.webhook("0" * 32, "settled"))


def test_an_attempt_whose_person_was_faster_writes_nothing(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.HOLD)
    payment = initiate(number)

    def mark_first() -> None:
        till.wait_until_held()
        settlement.mark_failed(Payment.objects.get(), actor=ACTOR, reason="The customer left")
        till.release()

    at_once(lambda: perform.perform(Effect.objects.get()), mark_first)
    assert state(payment) == ("failed", Stage.REFUSED)
    assert trail.entries().count() == 1


def test_of_a_person_and_a_webhook_that_decide_at_once_one_is_heard(number: Instance, till: FakeProvider) -> None:
    till.faults.append(Fault.ACCEPT)
    payment = performed(initiate(number))

    def mark() -> str | None:
        try:
            settlement.mark_failed(Payment.objects.get(), actor=ACTOR, reason="The customer left")
        except Refused as refused:
            return refused.code
        return "failed"

    marked, _nothing = at_once(mark, lambda: webhook(till, payment, "settled"))
    assert (marked, *state(payment)) in {("failed", "failed", "refused"), ("already_final", "paid", "done")}


def test_a_process_that_slept_past_its_lease_does_not_send(number: Instance, till: FakeProvider, settings: Any) -> None:
    settings.JOBS_LEASE_SECONDS = settings.PROVIDER_TIMEOUT_SECONDS
    payment = performed(initiate(number, "till"))
    assert (till.transfers, state(payment)) == ([], ("pending", Stage.PREPARED))


def test_a_process_that_sleeps_right_before_it_sends_does_not_send(
    number: Instance, till: FakeProvider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, lease = StandingClock(), timedelta(seconds=settings.JOBS_LEASE_SECONDS)

    class SleepyClock:
        """Half of a lease passes between two looks at it."""

        @staticmethod
        def now() -> datetime:
            shown = clock.now()
            clock.advance(lease / 2)
            return shown

    monkeypatch.setattr(perform, "timezone", SleepyClock)
    payment = performed(initiate(number, "till"))
    assert (till.transfers, state(payment)) == ([], ("pending", Stage.DISPATCHING))


def test_an_adapter_that_fails_leaves_the_outcome_unknown_and_no_phone_in_the_log(
    number: Instance, till: FakeProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(request: Any, *, timeout: float) -> Any:
        raise ZeroDivisionError(request.phone)

    monkeypatch.setattr(providers.get("till"), "dispatch", fail)
    payment = performed(initiate(number, "till", phone=PHONE))
    assert (state(payment), payment.code) == (("unknown", Stage.UNKNOWN), "ZeroDivisionError")
    assert "provider_raised" in caplog.text
    assert re.sub(r"\D", "", PHONE)[-9:] not in caplog.text


def test_asking_again_asks_now_and_only_where_there_is_something_to_ask(number: Instance, till: FakeProvider) -> None:
    till.faults.extend([Fault.ACCEPT, Fault.ACCEPT])
    asked, blind = performed(initiate(number)), performed(initiate(number, "till"))
    Effect.objects.update(due_at=timezone.now() + timedelta(hours=1))
    assert (conclude.ask_again(asked.effect), conclude.ask_again(blind.effect)) == (True, False)
    till.settle(reference(asked))
    work_until_rest()
    assert (state(asked), state(blind)) == (("paid", Stage.DONE), ("pending", Stage.DISPATCHING))
    assert not conclude.ask_again(asked.effect)


def test_a_refund_goes_out_under_the_payments_reference_and_receipt(number: Instance, till: FakeProvider) -> None:
    payment = paid(number)
    asked = refunds.request_refund(payment, amount=Money(5_000, "KES"), reason="leaks", origin="brc_refund")
    till.faults.append(Fault.DROP_AFTER)
    perform.perform(asked.effect)
    asked.refresh_from_db()
    assert (asked.state, asked.effect.stage) == (RefundState.UNKNOWN, Stage.UNKNOWN)
    work_until_rest()
    asked.refresh_from_db()
    payment.refresh_from_db()
    assert (asked.state, payment.state, payment.refunded_minor) == ("refunded", "partly_refunded", 5_000)
    assert till.ledger == [reference(payment), asked.effect.provider_ref]


def test_a_refund_the_provider_refuses_gives_back_what_it_reserved(number: Instance, till: FakeProvider) -> None:
    payment = paid(number)
    asked = refunds.request_refund(payment, amount=None, reason="leaks", origin="brc_refund")
    till.faults.append(Fault.REFUSE)
    perform.perform(asked.effect)
    payment.refresh_from_db()
    assert (Refund.objects.get().state, payment.state, payment.reserved_minor) == ("failed", "paid", 0)


def test_the_worker_sends_what_a_process_that_died_left_prepared(number: Instance, till: FakeProvider) -> None:
    payment = initiate(number)
    work_until_rest()
    assert (till.ledger, state(payment)) == ([reference(payment)], ("paid", Stage.DONE))


def test_what_may_not_be_sent_any_more_is_refused_and_not_sent(
    number: Instance, till: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permits, "_permits", [lambda _effect: "", lambda effect: f"no_{effect.kind}"])
    payment = initiate(number)
    work_until_rest()
    assert (state(payment), payment.code, till.transfers) == (("failed", Stage.REFUSED), "no_payment", [])


def test_what_may_have_been_sent_is_followed_up_although_it_may_not_be_sent_any_more(
    number: Instance, till: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.faults.append(Fault.DROP_AFTER)
    payment = performed(initiate(number))
    monkeypatch.setattr(permits, "_permits", [lambda _effect: "suspended"])
    work_until_rest()
    assert (state(payment), till.ledger) == (("paid", Stage.DONE), [reference(payment)])


@pytest.mark.parametrize("method", [BEST, "till_deduped"])
def test_what_may_not_be_sent_any_more_is_not_sent_a_second_time(
    number: Instance, till: FakeProvider, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    till.faults.append(Fault.DROP_BEFORE)
    payment = performed(initiate(number, method))
    monkeypatch.setattr(permits, "_permits", [lambda _effect: "suspended"])
    work_until_rest()
    assert (state(payment), len(till.transfers)) == (("unknown", Stage.UNKNOWN), 1)


def crash(payment: Payment) -> None:
    """Leave the effect as a process does that died right after it had written that it may send."""
    values = {"state": State.RUNNING, "lease_until": timezone.now(), "stage": Stage.DISPATCHING}
    Effect.objects.open().filter(pk=payment.effect_id).update(**values, attempt=F("attempt") + 1)


def fail_to_reach(payment: Payment) -> None:
    """Perform it while nothing can be sent."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILL_URL", "http://127.0.0.1:1")
        perform.perform(payment.effect)


STEPS = ["perform", "perform", "crash", "unreachable", "arrive", "settled", "pending"]
OUTCOMES = [None, *LOST, Fault.ACCEPT, Fault.REFUSE, Fault.LATE]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(ALL),
    faults=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=3),
    steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=8),
)
@example(method="till_queryable", faults=[Fault.ERROR_AFTER], steps=["perform", "unreachable", "perform"])
def test_however_attempts_deaths_and_webhooks_interleave_there_is_at_most_one_effect(
    number: Instance, till: FakeProvider, method: str, faults: list[Fault | None], steps: list[str]
) -> None:
    till.faults.extend(fault for fault in faults if fault)
    payment = initiate(number, method)
    acts = {
        "perform": lambda: perform.perform(payment.effect),
        "crash": lambda: crash(payment),
        "unreachable": lambda: fail_to_reach(payment),
        "arrive": till.arrive,
    }
    for step in steps:
        if step in acts:
            acts[step]()
        elif reference(payment) in till.ledger:
            webhook(till, payment, step)
    till.faults.clear()
    till.arrive()
    effects = till.ledger.count(reference(payment))
    assert effects <= 1
    if effects:
        webhook(till, payment, "settled")
        assert state(payment) == ("paid", Stage.DONE)
