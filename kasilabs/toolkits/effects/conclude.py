"""What becomes of an effect when its provider, or a person, has said something about it.

Every function writes the effect and the row it belongs to in one transaction, the effect first.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.jobs import backoff, bell
from kasilabs.jobs.models import State
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits import providers
from kasilabs.toolkits.effects import kinds
from kasilabs.toolkits.effects.models import Effect, Stage
from kasilabs.toolkits.providers.base import FINAL, Answer, Provider, Status

log = structlog.get_logger(__name__)

_STAGES = {
    Status.NOT_SENT: Stage.PREPARED,
    Status.PENDING: Stage.DISPATCHING,
    Status.UNKNOWN: Stage.UNKNOWN,
    Status.NOT_FOUND: Stage.UNKNOWN,
    Status.SETTLED: Stage.DONE,
    Status.REFUSED: Stage.REFUSED,
}


def conclude(effect: Effect, answer: Answer) -> None:
    """Ends an attempt with what the provider said. Raises LostLease when the effect is no longer this attempt's."""
    answer = _judged(effect, answer)
    with transaction.atomic():
        if answer.status in FINAL or not can_ask(effect, answer.status):
            effect.finish()
        else:
            effect.fail(answer.code or answer.status, retry_at=timezone.now() + backoff.delay(effect.tries))
        _write(effect, answer)
        kinds.of(effect).settle(effect, answer)


def receive(provider: Provider[Any], raw: bytes, headers: Mapping[str, str], *, account: object = None) -> None:
    """Takes what a provider sent by itself. Raises BadWebhook, and then nothing of it was believed.

    It may come before our own attempt has its answer, twice, or after something newer, or be about nothing of ours. A
    word that anybody could have sent, because the provider does not sign, only lets a worker ask the provider itself.
    """
    for event in provider.parse_webhook(raw, headers, account=account):
        effect = Effect.objects.filter(provider=provider.name, provider_ref=event.reference).first()
        if effect is None:
            log.warning("webhook_for_nothing_of_ours", provider=provider.name)
        elif provider.capabilities.signed_webhooks:
            _take(effect, event.answer)
        else:
            ask_again(effect)


def _take(effect: Effect, answer: Answer) -> None:
    """Writes what a webhook says, unless there is a final word already.

    A final word fences off the attempt that is under way. What contradicts one is noted for people and changes nothing.
    """
    answer = _judged(effect, answer)
    with transaction.atomic():
        if answer.status in FINAL:
            is_taken = _end(effect)
        else:
            # It says nothing that the attempt under way will not hear as well, so that one goes on.
            sent = _open(effect).filter(stage__in=[Stage.DISPATCHING, Stage.UNKNOWN])
            is_taken = bool(sent.update(attempt=F("attempt")))
        if is_taken:
            _write(effect, answer)
            kinds.of(effect).settle(effect, answer)
        else:
            _note_contradiction(effect, answer)


def settle_by_hand(effect: Effect, answer: Answer) -> None:
    """Ends an effect with what a person knows, in the caller's transaction. Raises Refused (`already_final`).

    A provider's answer that comes later finds it ended.
    """
    if not _end(effect):
        raise Refused("already_final", _("The provider has answered meanwhile. Nothing was changed."))
    _write(effect, answer)
    kinds.of(effect).settle(effect, answer)


def ask_again(effect: Effect) -> bool:
    """Lets a worker ask the provider now, and returns whether there is anything to ask."""
    if not is_askable(effect):
        return False
    resting = _open(effect).filter(state__in=[State.WAITING, State.DONE, State.DEAD])
    if not resting.update(state=State.WAITING, due_at=timezone.now(), tries=0, finished=None):
        return False
    effect.refresh_from_db()
    bell.ring(effect)
    return True


def is_askable(effect: Effect) -> bool:
    """Says whether a worker can learn more than what the provider said last."""
    return not effect.is_final and can_ask(effect, Status(effect.answer or Status.NOT_SENT))


def can_ask(effect: Effect, status: Status) -> bool:
    """Says whether a worker can learn more than this: by asking, or by sending once more what is deduped."""
    can = providers.get(effect.provider).capabilities
    return status == Status.NOT_SENT or can.queryable_by_ref or (can.dedups_by_ref and status != Status.PENDING)


def _judged(effect: Effect, answer: Answer) -> Answer:
    """Takes a settled answer about another amount than ours for no answer at all."""
    asked = kinds.of(effect).amount(effect)
    if answer.status != Status.SETTLED or asked is None or answer.amount is None or answer.amount == asked:
        return answer
    code = "amount_mismatch" if answer.amount.currency == asked.currency else "currency_mismatch"
    log.error("provider_says_another_amount", effect=effect.public_id, provider=effect.provider)
    return Answer(Status.UNKNOWN, code=code, receipt=answer.receipt)


def _open(effect: Effect) -> Any:
    return Effect.objects.open().filter(pk=effect.pk)


def _end(effect: Effect) -> bool:
    """Ends an open effect whoever works on it, and returns whether it was open."""
    return bool(
        _open(effect).update(
            state=State.DONE, attempt=F("attempt") + 1, lease_until=None, last_error="", finished=timezone.now()
        )
    )


def _write(effect: Effect, answer: Answer) -> None:
    values = {
        "stage": _STAGES[answer.status],
        "answer": answer.status,
        "answer_code": answer.code,
        "answered_at": timezone.now(),
    }
    if answer.status == Status.NOT_SENT:
        values["dispatched_at"] = None
    Effect.objects.filter(pk=effect.pk).update(**values)
    for name, value in values.items():
        setattr(effect, name, value)


def _note_contradiction(effect: Effect, answer: Answer) -> None:
    other = {Status.SETTLED: Stage.REFUSED, Status.REFUSED: Stage.DONE}.get(answer.status)
    if other and Effect.objects.filter(pk=effect.pk, stage=other).update(contradicted_by=answer.status):
        log.error("provider_contradicts", effect=effect.public_id, provider=effect.provider, status=answer.status)
