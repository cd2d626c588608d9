"""What a bridge call prepared and a process that died did not send: a worker sends it only while it is in force."""

from collections.abc import Callable

import pytest

from installations import lifecycle
from kasilabs.jobs import sweep
from kasilabs.toolkits.effects import perform
from kasilabs.toolkits.payments.models import Payment
from tests.support import factories
from tests.support.bridges import BridgePlugin

ASKED = {"amount": {"amountMinor": 105000, "currency": "KES"}, "reference": "ORDER-7", "description": "Gas, 13 kg"}


def left_behind(gas: BridgePlugin) -> Payment:
    """Leave a payment as a process does that dies between its first commit and the provider."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perform, "perform", lambda _effect: None)
        gas.signer.post("payments", gas.body(**ASKED))
    return Payment.objects.get()


def suspend(gas: BridgePlugin) -> None:
    lifecycle.suspend(installation=gas.installation, actor=factories.ACTOR)


def take_permission_away(gas: BridgePlugin) -> None:
    gas.grant.permissions.filter(key="bridge:payments:initiate").delete()


@pytest.mark.parametrize("end", [suspend, take_permission_away])
def test_what_is_not_in_force_any_more_is_not_sent(gas: BridgePlugin, end: Callable[[BridgePlugin], None]) -> None:
    payment = left_behind(gas)
    end(gas)
    sweep.run_due()
    payment.refresh_from_db()
    assert (payment.state, payment.code, payment.effect.dispatched_at) == ("failed", "not_in_force", None)


def test_what_is_in_force_is_sent_by_a_worker(gas: BridgePlugin) -> None:
    payment = left_behind(gas)
    sweep.run_due()
    payment.refresh_from_db()
    assert payment.state == "paid"
