"""Carrying an effect out: prepared in one commit, sent with nothing held, its outcome written in another commit.

with transaction.atomic():
    effect = perform.prepare(…)     # the first commit, with the row it belongs to
perform.perform(effect)             # talks to the provider; a worker does it when this process dies first
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog
from django.conf import settings
from django.utils import timezone

from kasilabs.accounts.models import Organization
from kasilabs.jobs import attempt, sources
from kasilabs.jobs.models import LostLease
from kasilabs.lib.db import connection
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits import providers
from kasilabs.toolkits.effects import kinds, permits
from kasilabs.toolkits.effects.conclude import conclude
from kasilabs.toolkits.effects.models import Effect, Stage
from kasilabs.toolkits.providers.base import Answer, Provider, Request, Status

log = structlog.get_logger(__name__)


def prepare(*, kind: str, origin: str, provider: str, organization: Organization, mode: Mode) -> Effect:
    """Writes down what is going to be done, in the caller's transaction. Raises IntegrityError for a second one.

    Nobody is rung: the caller performs it after its commit, and the sweep finds what a caller that died left behind.
    """
    effect = Effect(kind=kind, origin=origin, provider=provider, organization=organization, mode=mode)
    effect.provider_ref = providers.get(provider).prepare(effect.id)
    effect.save(force_insert=True)
    return effect


def perform(effect: Effect) -> None:
    """Carries an effect out now, unless somebody else does or has, and reads how it stands.

    The caller has just made sure that it may be sent. Raises InsideTransaction.
    """
    attempt.run(replace(sources.of(effect), handle=_carry_out), effect.pk)
    effect.refresh_from_db()


def handle(effect: Effect) -> None:
    """Makes a worker's attempt at a claimed effect, which somebody has left behind. Raises LostLease."""
    if effect.stage == Stage.PREPARED and (code := permits.refusal(effect)):
        conclude(effect, Answer(Status.REFUSED, code=code))
    else:
        _carry_out(effect)


def _carry_out(effect: Effect) -> None:
    """Sends a claimed effect, or finds out what became of it, and writes what the provider said. Raises LostLease."""
    provider = providers.get(effect.provider)
    try:
        request = kinds.of(effect).request(effect)
    except Refused as refused:
        # The provider's account is gone. What was never sent never will be; of the rest nobody can be asked now.
        status = Status.REFUSED if effect.stage == Stage.PREPARED else Status.UNKNOWN
        conclude(effect, Answer(status, code=refused.code))
        return
    if effect.stage == Stage.PREPARED:
        answer = _dispatch(effect, provider, request)
    else:
        answer = _reconcile(effect, provider, request)
        if answer.status == Status.NOT_SENT:
            # Nothing left this machine this time. What an earlier attempt sent may have arrived all the same.
            answer = replace(answer, status=Status.UNKNOWN)
    conclude(effect, answer)


def _dispatch(effect: Effect, provider: Provider[Request], request: Request) -> Answer:
    """Sends a request, with it written down beforehand that it may have been sent. Raises LostLease."""
    _check_lease(effect)
    own = Effect.objects.filter(pk=effect.pk, attempt=effect.attempt, stage=effect.stage)
    if not own.update(stage=Stage.DISPATCHING, dispatched_at=effect.dispatched_at or timezone.now()):
        raise LostLease(effect.public_id)
    connection.release()
    _check_lease(effect)
    return _asked(provider.dispatch, request)


def _check_lease(effect: Effect) -> None:
    """Raises LostLease where this process slept: the effect may be another's by the time the provider answers."""
    answered_by = timezone.now() + timedelta(seconds=settings.PROVIDER_TIMEOUT_SECONDS)
    if effect.lease_until is None or answered_by > effect.lease_until:
        raise LostLease(effect.public_id)


def _reconcile(effect: Effect, provider: Provider[Request], request: Request) -> Answer:
    """Finds out what became of a request that may have been sent. Raises LostLease."""
    can, answer = provider.capabilities, Answer(Status.UNKNOWN, code="no_answer")
    if can.queryable_by_ref:
        connection.release()
        answer = _asked(provider.query, request)
        if answer.status != Status.NOT_FOUND:
            return answer
    if can.dedups_by_ref and not permits.refusal(effect):
        return _dispatch(effect, provider, request)
    return answer


def _asked(ask: Callable[..., Answer], request: Request) -> Answer:
    """Returns the provider's answer; whatever an adapter raises means that none is known."""
    try:
        return ask(request, timeout=settings.PROVIDER_TIMEOUT_SECONDS)
    except Exception as error:  # noqa: BLE001  whatever went wrong, the request may have arrived
        # The message may name the customer's phone number, which the request carries.
        log.warning("provider_raised", error=type(error).__name__)
        return Answer(Status.UNKNOWN, code=type(error).__name__)
