"""One idempotency key, one effect: whoever asks at once, dies halfway, comes back late or asks for something else."""

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridges import idempotency
from bridges.models import BridgeCall
from grants.changes import plugins
from installations import lifecycle
from kasilabs.jobs import attempt, sources, sweep
from kasilabs.jobs.models import State
from kasilabs.jobs.overview import DeadLetter
from kasilabs.lib.states import Mode
from kasilabs.logs.models import Call, CallState
from kasilabs.toolkits.effects import perform as effects
from kasilabs.toolkits.effects.models import Effect
from kasilabs.toolkits.orders.models import AfterSaleRequest, Order
from kasilabs.toolkits.payments.models import Payment, Refund
from tests.support import bridges, factories
from tests.support.bridges import AMOUNT, ASKED, ORDERED, BridgePlugin
from tests.support.concurrency import at_once
from tests.support.fake_provider import FakeProvider, Fault

AT_ONCE = 6
KEY = "a-key-of-16-chars"


class Killed(BaseException):
    """What a process that is killed does: nothing any more."""


def effects_of(key: str) -> int:
    """How many orders and payments came of a key, whoever claimed it."""
    origins = [call.public_id for call in BridgeCall.objects.filter(key__startswith=key)]
    return Order.objects.filter(origin__in=origins).count() + Payment.objects.filter(origin__in=origins).count()


def storm(gas: BridgePlugin, path: str, body: dict[str, Any], key: str, size: int = AT_ONCE) -> None:
    """Ask for the same at once, and assert that it happened once and that everybody heard of one and the same."""
    answers = at_once(*[lambda: gas.signer.post(path, body, key=key)] * size)
    assert effects_of(key) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    done = [answer for answer in answers if answer.status_code == 200]
    assert len({answer.content for answer in done}) == 1
    assert sum(not answer.has_header("Idempotent-Replayed") for answer in done) == 1
    assert all(int(answer["Retry-After"]) > 0 for answer in answers if answer.status_code == 409)
    again = gas.signer.post(path, body, key=key)
    assert (again.content, again["Idempotent-Replayed"]) == (done[0].content, "true")
    assert Call.objects.filter(key=key).count() == size + 1


@pytest.mark.parametrize(("path", "body"), [("orders", ORDERED), ("payments", ASKED)])
def test_of_many_at_once_one_happens(gas: BridgePlugin, path: str, body: dict[str, Any]) -> None:
    storm(gas, path, gas.body(**body), KEY)


def test_looking_before_inserting_fails_the_same_harness(gas: BridgePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The common mistake, without the UNIQUE that would hide it: the harness sees more than one effect."""
    barrier, claim = threading.Barrier(AT_ONCE), idempotency._claim

    def look_then_insert(request: Any, command: Any) -> Any:
        found = BridgeCall.objects.filter(key__startswith=request.key).first()
        if found is not None:
            return found, False
        barrier.wait()
        request.key = request.row.key = f"{request.key}.{secrets.token_hex(4)}"
        return claim(request, command)

    monkeypatch.setattr(idempotency, "_claim", look_then_insert)
    with pytest.raises(AssertionError, match="6 == 1"):
        storm(gas, "payments", gas.body(**ASKED), KEY)


def test_of_two_bodies_at_once_one_happens_and_the_other_is_refused(gas: BridgePlugin) -> None:
    bodies = [gas.body(**ORDERED), gas.body(**{**ORDERED, "reference": "O-2"})] * 3
    answers = at_once(*[lambda body=body: gas.signer.post("orders", body, key=KEY) for body in bodies])
    assert effects_of(KEY) == 1
    reference = Order.objects.get().reference
    for body, answer in zip(bodies, answers, strict=True):
        expected = {200, 409} if body["reference"] == reference else {422}
        assert answer.status_code in expected
    assert {answer.json()["code"] for answer in answers if answer.status_code == 422} == {"idempotency_key_reused"}


def test_the_same_key_for_another_action_is_refused(gas: BridgePlugin) -> None:
    gas.signer.post("orders", gas.body(**ORDERED), key=KEY)
    answer = gas.signer.post("payments", gas.body(**ASKED), key=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert not Payment.objects.exists()


@pytest.mark.parametrize(
    "changed",
    [
        lambda raw: raw.replace(b'"reference": "O-1"', b'"reference":"O-1"'),
        lambda raw: raw + b" ",
        lambda raw: json.dumps(dict(reversed(json.loads(raw).items()))).encode(),
    ],
)
def test_the_same_key_for_other_bytes_is_refused(gas: BridgePlugin, changed: Callable[[bytes], bytes]) -> None:
    raw = json.dumps(gas.body(**ORDERED)).encode()
    assert gas.signer.post("orders", raw, key=KEY).status_code == 200
    answer = gas.signer.post("orders", changed(raw), key=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_the_same_key_in_the_conversation_of_another_customer_is_refused(gas: BridgePlugin) -> None:
    first, second = gas.chat("+254711222333"), gas.chat("+254711222444")
    assert gas.signer.post("payments", ASKED, key=KEY, chat=first.token).status_code == 200
    answer = gas.signer.post("payments", ASKED, key=KEY, chat=second.token)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Payment.objects.count() == 1


def test_the_same_key_for_another_payment_is_refused(gas: BridgePlugin) -> None:
    paid = [gas.signer.post("payments", gas.body(**ASKED)).json()["result"]["id"] for _each in range(2)]
    assert gas.signer.post(f"payments/{paid[0]}/refunds", {"reason": "All."}, key=KEY).status_code == 200
    answer = gas.signer.post(f"payments/{paid[1]}/refunds", {"reason": "All."}, key=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Refund.objects.count() == 1


def test_the_same_key_on_another_number_is_refused(gas: BridgePlugin) -> None:
    gas.signer.post("orders", gas.body(**ORDERED), key=KEY)
    plugins.grant_plugin(
        instance=gas.other_number,
        installation=gas.installation,
        tools=None,
        permissions=gas.permissions,
        actor=factories.ACTOR,
    )
    bridges.grant_toolkits(gas.other_number)
    answer = gas.signer.post("orders", {**gas.body(**ORDERED), "instance": gas.other_number.public_id}, key=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_keys_of_other_plugins_and_organizations_are_their_own(gas: BridgePlugin) -> None:
    pizza = bridges.build("PIZZA_OS", organization=factories.organization("kasi-pizza"))
    sister = bridges.build("SISTER_OS", organization=gas.organization)
    live = bridges.build("LIVE_OS", organization=gas.organization, mode=Mode.LIVE)
    for each in (gas, pizza, sister, live):
        answer = each.signer.post("orders", each.body(**ORDERED), key=KEY)
        assert (answer.status_code, answer.has_header("Idempotent-Replayed")) == (200, False)
    assert Order.objects.count() == 4


def test_an_after_sale_request_happens_once(gas: BridgePlugin) -> None:
    order = gas.signer.post("orders", gas.body(**ORDERED)).json()["result"]["id"]
    path, body = f"orders/{order}/after-sale-requests", {"kind": "return", "reason": "Leaks."}
    first, again = (gas.signer.post(path, body, key=KEY) for _each in range(2))
    assert first.json()["result"]["state"] == "open"
    assert (again.content, AfterSaleRequest.objects.count()) == (first.content, 1)


def test_a_refused_request_claims_nothing(gas: BridgePlugin, settings: Any) -> None:
    body = gas.body(**ORDERED)
    wrong = replace(gas.signer, secret="brsec_" + "x" * 43)
    assert wrong.post("orders", body, key=KEY).status_code == 401
    lifecycle.suspend(installation=gas.installation, actor=factories.ACTOR)
    assert gas.signer.post("orders", body, key=KEY).status_code == 403
    lifecycle.resume(installation=gas.installation, actor=factories.ACTOR)
    settings.RATE_LIMIT_BRIDGE = 1
    assert gas.signer.post("orders", gas.body(), key=KEY).status_code == 422
    assert gas.signer.post("orders", body, key=KEY).status_code == 429
    settings.RATE_LIMIT_BRIDGE = 100
    assert gas.signer.post("orders", b"{", key=KEY).status_code == 400
    answer = gas.signer.post("orders", body, key=KEY)
    assert (answer.status_code, answer.has_header("Idempotent-Replayed")) == (200, False)


LOCAL = ["claimed", "in the transaction", "stored"]
EXTERNAL = ["claimed", "prepared", "answered", "in the transaction", "stored"]


def kill_at(point: str, patch: pytest.MonkeyPatch) -> None:
    """Let the next request die at a point."""
    perform, run = effects.perform, idempotency.run

    def die(*_arguments: Any, **_named: Any) -> Any:
        raise Killed

    def die_after(act: Callable[..., Any]) -> Callable[..., Any]:
        def act_and_die(*arguments: Any, **named: Any) -> Any:
            act(*arguments, **named)
            raise Killed

        return act_and_die

    patches = {
        "claimed": (idempotency, "execute", die),
        "prepared": (effects, "perform", die),
        "answered": (effects, "perform", die_after(perform)),
        "in the transaction": (idempotency, "_store", die_after(idempotency._store)),
        "stored": (idempotency, "run", die_after(run)),
    }
    patch.setattr(*patches[point])


def die_at(point: str, gas: BridgePlugin, path: str, body: dict[str, Any], key: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        kill_at(point, patch)
        with pytest.raises(Killed):
            gas.signer.post(path, body, key=key)


def end_leases() -> None:
    past = timezone.now() - timedelta(seconds=1)
    for model in (BridgeCall, Effect):
        model.objects.filter(state=State.RUNNING).update(lease_until=past)


POINTS = [("orders", ORDERED, point) for point in LOCAL] + [("payments", ASKED, point) for point in EXTERNAL]


@pytest.mark.parametrize(("path", "body", "point"), POINTS)
def test_a_retry_after_a_death_finds_one_effect(gas: BridgePlugin, path: str, body: dict[str, Any], point: str) -> None:
    body = gas.body(**body)
    die_at(point, gas, path, body, KEY)
    waiting = gas.signer.post(path, body, key=KEY)
    if point == "stored":
        assert (waiting.status_code, waiting["Idempotent-Replayed"]) == (200, "true")
    else:
        assert (waiting.status_code, waiting.json()["code"]) == (409, "in_progress")
        assert int(waiting["Retry-After"]) > 0
    end_leases()
    answer = gas.signer.post(path, body, key=KEY)
    assert (answer.status_code, effects_of(KEY)) == (200, 1)
    assert gas.signer.post(path, body, key=KEY).content == answer.content
    assert Call.objects.get(pk=BridgeCall.objects.get().pk).state == CallState.SUCCEEDED


@pytest.mark.parametrize(("path", "body", "point"), POINTS)
def test_without_a_retry_a_worker_finishes(gas: BridgePlugin, path: str, body: dict[str, Any], point: str) -> None:
    body = gas.body(**body)
    die_at(point, gas, path, body, KEY)
    end_leases()
    sweep.run_due()
    assert (BridgeCall.objects.get().state, effects_of(KEY)) == (State.DONE, 1)
    answer = gas.signer.post(path, body, key=KEY)
    assert (answer.status_code, answer["Idempotent-Replayed"]) == (200, "true")


def test_a_refund_that_died_goes_back_once(gas: BridgePlugin) -> None:
    paid = gas.signer.post("payments", gas.body(**ASKED)).json()["result"]["id"]
    path = f"payments/{paid}/refunds"
    for point in ("claimed", "prepared", "answered", "in the transaction"):
        key, body = secrets.token_hex(16), {"amount": {**AMOUNT, "amountMinor": 1000}, "reason": point}
        die_at(point, gas, path, body, key)
        end_leases()
        assert gas.signer.post(path, body, key=key).status_code == 200
    assert Payment.objects.get().refunded_minor == 4000


def test_a_worker_finishes_nothing_that_is_not_in_force_any_more(gas: BridgePlugin) -> None:
    die_at("claimed", gas, "payments", gas.body(**ASKED), KEY)
    lifecycle.suspend(installation=gas.installation, actor=factories.ACTOR)
    end_leases()
    call = BridgeCall.objects.get()
    attempt.run(sources.of(call), call.pk)
    call.refresh_from_db()
    assert (call.state, call.last_error, Payment.objects.count()) == (State.WAITING, "not_in_force", 0)
    assert "its permission on this number is not in force" in str(DeadLetter(sources.of(call), call).error)
    lifecycle.resume(installation=gas.installation, actor=factories.ACTOR)
    BridgeCall.objects.update(due_at=timezone.now())
    answer = gas.signer.post("payments", gas.body(**ASKED), key=KEY)
    assert (answer.status_code, Payment.objects.count()) == (200, 1)


def test_who_slept_past_the_lease_changes_nothing(gas: BridgePlugin) -> None:
    """A zombie wakes up when its call has been finished by somebody else, and says what they said."""
    body, execute = gas.body(**ORDERED), idempotency.execute
    heard: list[Any] = []

    def sleep_meanwhile(*arguments: Any, **named: Any) -> Any:
        patch.setattr(idempotency, "execute", execute)
        end_leases()
        heard.append(gas.signer.post("orders", body, key=KEY))
        return execute(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(idempotency, "execute", sleep_meanwhile)
        late = gas.signer.post("orders", body, key=KEY)
    assert (late.status_code, late.content, effects_of(KEY)) == (200, heard[0].content, 1)
    assert late["Idempotent-Replayed"] == "true"


def test_of_many_who_want_a_dead_call_one_takes_it(gas: BridgePlugin) -> None:
    body = gas.body(**ASKED)
    die_at("prepared", gas, "payments", body, KEY)
    end_leases()
    answers = at_once(*[lambda: gas.signer.post("payments", body, key=KEY)] * AT_ONCE)
    assert (effects_of(KEY), Payment.objects.get().state) == (1, "paid")
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert BridgeCall.objects.get().attempt == 2


def test_what_nobody_expected_is_500_and_may_be_tried_again(gas: BridgePlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: Any, **_named: Any) -> Any:
        raise RuntimeError("a mistake of our own")

    body = gas.body(**ORDERED)
    gas.signer.client.raise_request_exception = False
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(idempotency, "execute", fail)
        broken = gas.signer.post("orders", body, key=KEY)
    assert (broken.status_code, broken.json()["code"], broken.json().get("id")) == (500, "server_error", None)
    assert BridgeCall.objects.get().last_error == "RuntimeError"
    assert gas.signer.post("orders", body, key=KEY).status_code == 409
    BridgeCall.objects.update(due_at=timezone.now())
    assert (gas.signer.post("orders", body, key=KEY).status_code, effects_of(KEY)) == (200, 1)


@pytest.mark.parametrize(("path", "body"), [("orders", ORDERED), ("payments", ASKED)])
@pytest.mark.parametrize("place", ["_claim", "_store"])
def test_a_database_that_is_away_is_503_and_one_effect_in_the_end(
    gas: BridgePlugin, place: str, path: str, body: dict[str, Any]
) -> None:
    def be_away(*_arguments: Any) -> Any:
        raise OperationalError("the database is gone, locked or full")

    asked = gas.body(**body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(idempotency, place, be_away)
        gas.signer.client.raise_request_exception = False
        away = gas.signer.post(path, asked, key=KEY)
    assert (away.status_code, away.json()["code"]) == (503, "unavailable")
    assert int(away["Retry-After"]) > 0
    assert BridgeCall.objects.count() == (place == "_store")
    BridgeCall.objects.update(due_at=timezone.now())
    assert (gas.signer.post(path, asked, key=KEY).status_code, effects_of(KEY)) == (200, 1)


def test_a_call_that_failed_too_often_begins_anew_when_it_is_asked_for(gas: BridgePlugin) -> None:
    body = gas.body(**ORDERED)
    die_at("claimed", gas, "orders", body, KEY)
    BridgeCall.objects.update(state=State.DEAD, lease_until=None)
    assert (gas.signer.post("orders", body, key=KEY).status_code, effects_of(KEY)) == (200, 1)


def test_a_key_of_money_never_runs_again(gas: BridgePlugin) -> None:
    body = gas.body(**ASKED)
    gas.signer.post("payments", body, key=KEY)
    BridgeCall.objects.update(finished=timezone.now() - timedelta(days=31))
    assert idempotency.prune(timezone.now()) == 1
    answer = gas.signer.post("payments", body, key=KEY)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_expired")
    BridgeCall.objects.update(finished=timezone.now() - timedelta(days=5000))
    assert idempotency.prune(timezone.now()) == 0
    assert gas.signer.post("payments", body, key=KEY).json()["code"] == "idempotency_key_expired"
    assert Payment.objects.count() == 1


def test_other_keys_are_free_again_after_thirty_days(gas: BridgePlugin) -> None:
    body = gas.body(**ORDERED)
    gas.signer.post("orders", body, key=KEY)
    BridgeCall.objects.update(finished=timezone.now() - timedelta(days=29))
    assert idempotency.prune(timezone.now()) == 0
    BridgeCall.objects.update(finished=timezone.now() - timedelta(days=31))
    assert idempotency.prune(timezone.now()) == 1
    assert gas.signer.post("orders", body, key=KEY).has_header("Idempotent-Replayed") is False


def test_a_finished_call_keeps_no_request(gas: BridgePlugin) -> None:
    gas.signer.post("orders", gas.body(**ORDERED), key=KEY)
    call = BridgeCall.objects.get()
    assert (call.request, call.answer[:3]) == ("", "v1.")


def test_however_many_refunds_race_no_more_goes_back_than_came(gas: BridgePlugin) -> None:
    paid = gas.signer.post("payments", gas.body(**ASKED)).json()["result"]["id"]
    body = {"amount": {**AMOUNT, "amountMinor": 30000}, "reason": "Late."}
    answers = at_once(*[lambda: gas.signer.post(f"payments/{paid}/refunds", body)] * AT_ONCE)
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [422] * 3
    assert Payment.objects.get().refunded_minor == 90000


@pytest.fixture
def till(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeProvider]:
    settings.PLUGIN_HOSTS_ALLOWED = "127.0.0.1"
    settings.JOBS_RETRY_SECONDS = 0.000001
    with FakeProvider() as provider:
        monkeypatch.setenv("TILL_URL", provider.url)
        yield provider


@pytest.mark.parametrize("method", ["till", "till_queryable", "till_deduped", "till_deduped_queryable"])
def test_a_lost_answer_is_unknown_and_never_asked_for_twice(
    transactional_db: None, till: FakeProvider, method: str
) -> None:
    live = bridges.build(mode=Mode.LIVE)
    till.faults.append(Fault.DROP_AFTER)
    body = live.body(**ASKED, method=method)
    first = live.signer.post("payments", body, key=KEY)
    assert (first.status_code, first.json()["status"], first.json()["result"]["state"]) == (202, "accepted", "unknown")
    for _each in range(4):
        sweep.run_due()
    again = live.signer.post("payments", body, key=KEY)
    assert (again.status_code, again.content) == (202, first.content)
    assert len(till.ledger) == 1
    now = live.signer.get(f"payments/{first.json()['result']['id']}").json()["state"]
    assert now == ("unknown" if method == "till" else "paid")


def test_what_a_provider_cannot_do_is_a_no_that_stays_no(transactional_db: None, till: FakeProvider) -> None:
    live = bridges.build(mode=Mode.LIVE)
    wanted = {
        "provider_not_configured": {},
        "amount_not_representable": {"method": "till", "amount": {"amountMinor": 1050, "currency": "KES"}},
        "currency_not_supported": {"method": "till", "amount": {"amountMinor": 1000, "currency": "ZAR"}},
    }
    for code, members in wanted.items():
        answer = live.signer.post("payments", live.body(**{**ASKED, **members}))
        assert (answer.status_code, answer.json()["code"], answer.json()["id"][:4]) == (422, code, "brc_")
    assert till.transfers == []
    assert not Payment.objects.exists()


STEPS = st.lists(st.sampled_from(["ask", "end leases", "work", *EXTERNAL]), max_size=6)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, path=st.sampled_from(["orders", "payments"]))
def test_in_whatever_order_it_dies_retries_and_is_finished(gas: BridgePlugin, steps: list[str], path: str) -> None:
    key, body = secrets.token_hex(16), gas.body(**(ORDERED if path == "orders" else ASKED))
    for step in steps:
        match step:
            case "ask":
                assert gas.signer.post(path, body, key=key).status_code in {200, 409}
            case "end leases":
                end_leases()
            case "work":
                sweep.run_due()
            case point:
                with pytest.MonkeyPatch.context() as patch:
                    kill_at(point, patch)
                    with suppress(Killed):
                        gas.signer.post(path, body, key=key)
        assert effects_of(key) <= 1
    end_leases()
    answer = gas.signer.post(path, body, key=key)
    assert (answer.status_code, effects_of(key)) == (200, 1)
