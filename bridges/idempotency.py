"""One bridge call under one idempotency key: it happens once, and everybody who asks again gets the same bytes.

    (no row) ──claim──► running ──finish──► done ──30 days──► done, without answer   (money: kept for good)
                         │   ▲                    └─────────► (no row)               (anything else)
            raised, died │   │ lease over, or due: one of those who want it takes it
                         ▼   │
                        waiting ──too often──► dead ──asked for again──► waiting

| from             | to      | when                                                                           |
|------------------|---------|--------------------------------------------------------------------------------|
| -                | running | INSERT under UNIQUE (organization, plugin, mode, key), in a commit of its own  |
| running          | done    | the answer is committed, and with it an effect that is the platform's own      |
| running          | waiting | the action raised something nobody expected                                    |
| running, waiting | running | lease over, or due: a retry or a worker takes it, by comparing `attempt`       |
| waiting          | dead    | it failed too often                                                            |
| dead             | waiting | the plugin asks again                                                          |

What a key was used for is its fingerprint: SHA-256 over length-prefixed method, path, version, number, customer and
body. `attempt` is the fence: who slept past the lease can commit nothing. An effect at somebody else's server is safe
by itself, because its origin is this call (`kasilabs.toolkits.effects`).
"""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from bridges import refusals
from bridges.actions.action import Command
from bridges.bridge_request import BridgeRequest
from bridges.models import BridgeCall
from kasilabs.jobs import backoff
from kasilabs.jobs.models import LostLease, State
from kasilabs.lib import request_bodies
from kasilabs.lib.crypto import fields
from kasilabs.lib.db import one_row
from kasilabs.lib.refusal import Refused
from kasilabs.logs import write
from kasilabs.logs.models import CallState

API_VERSION = "v1"
ANSWER_KEPT = timedelta(days=30)
RETRY_SECONDS = 2


@dataclass(frozen=True)
class Answer:
    """What the plugin gets: status and body, the same bytes every time."""

    status: int
    body: str
    is_replayed: bool = False


def fingerprint(request: BridgeRequest) -> str:
    """Returns what a retry with the same key has to repeat."""
    return request_bodies.fingerprint(
        request.method.encode(),
        request.path.encode(),
        API_VERSION.encode(),
        request.instance.id.bytes if request.instance else b"",
        request.customer_id.bytes if request.customer_id else b"",
        request.body,
    )


def run(request: BridgeRequest, command: Command, body: Any) -> Answer:
    """Carries out a request once, or returns what came of it the first time. Must run outside of a transaction.

    Raises RequestRefused.
    """
    call, is_claimed = _claim(request, command) if request.may_claim else (_holders(request).get(), False)
    request.row.bridge_call = call.id
    if not is_claimed:
        if not constant_time_compare(call.fingerprint, fingerprint(request)):
            raise refusals.key_reused()
        if call.state == State.DONE:
            return _stored(call)
        if not _take_over(request, call):
            raise refusals.in_progress(RETRY_SECONDS)
    try:
        return execute(call, command, body, phones=request.phones)
    except LostLease:
        # Somebody else took it meanwhile; what they answered is the answer.
        call.refresh_from_db()
        if call.state == State.DONE:
            return _stored(call)
        raise refusals.in_progress(RETRY_SECONDS) from None
    except Exception as error:
        call.fail(type(error).__name__, retry_at=timezone.now() + backoff.delay(call.tries))
        raise


def _claim(request: BridgeRequest, command: Command) -> tuple[BridgeCall, bool]:
    """Returns the call that holds the key, and whether this request has claimed it: the INSERT decides.

    Raises RequestRefused.
    """
    installation, instance = request.sender, request.instance
    if instance is None or request.key is None:
        raise TypeError("a claim belongs to a number and a key")
    call = BridgeCall(
        id=request.row.id,
        state=State.RUNNING,
        attempt=1,
        tries=1,
        lease_until=timezone.now() + lease(),
        organization=installation.organization,
        plugin=installation.plugin,
        mode=installation.mode,
        key=request.key,
        fingerprint=fingerprint(request),
        action=command.name,
        moves_money=command.moves_money,
        installation_id=installation.id,
        instance=instance,
        **({"customer": request.customer} if request.customer else {"customer_id": request.customer_id}),
        alias=request.alias,
        target_id=request.target.id if request.target else None,
        made_in=request.chat.call if request.chat else None,
        chat_jti=request.chat.jti if request.chat else "",
    )
    fields.seal(call, "request", request.body.decode())
    phones = request.phones
    try:
        with transaction.atomic():
            one_row.insert(call)
            request.count_use()
            request.row.bridge_call = call.id
            write.insert_open_bridge(
                request.row,
                request=request.for_log,
                lease_seconds=settings.BRIDGE_LEASE_SECONDS,
                secrets=request.tokens,
                phones=phones,
            )
    except IntegrityError:
        holder = _holders(request).first()
        if holder is None:
            raise
        return holder, False
    return call, True


def _holders(request: BridgeRequest) -> Any:
    secret = request.secret
    return BridgeCall.objects.filter(
        organization=request.organization, plugin=secret.plugin, mode=secret.mode, key=request.key
    )


def _take_over(request: BridgeRequest, call: BridgeCall) -> bool:
    """Takes a call that nobody works on any more, and returns whether this request is the one that got it."""
    if not request.may_claim:
        return False
    if call.state == State.DEAD:
        call.retry()
    return call.claim(now=timezone.now(), lease=lease())


def _stored(call: BridgeCall) -> Answer:
    """Returns the stored answer. Raises RequestRefused once it is gone."""
    if not call.answer or call.status is None:
        raise refusals.key_expired()
    return Answer(call.status, fields.reveal(call, "answer"), is_replayed=True)


def execute(call: BridgeCall, command: Command, body: Any, *, phones: Sequence[str]) -> Answer:
    """Carries out a claimed call and ends it. Raises LostLease when it is no longer this attempt's.

    `phones` are those of its customer, which the log hides.
    """
    if command.is_external:
        answer = _perform(call, command, body)
        with call.finishing():
            _store(call, answer, phones)
        return answer
    with call.finishing():
        # A savepoint: of what is refused in the end nothing is written but the answer.
        answer = _perform(call, command, body, savepoint=transaction.atomic())
        _store(call, answer, phones)
    return answer


def _perform(
    call: BridgeCall, command: Command, body: Any, *, savepoint: AbstractContextManager[None] | None = None
) -> Answer:
    """Returns the answer of an action; a no that stays no is one as well."""
    try:
        with savepoint or nullcontext():
            outcome = command.perform(call, body)
    except Refused as refused:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        problem = {"title": status.phrase, "status": status.value, "detail": str(refused), "code": refused.code}
        errors = {"errors": list(refused.errors)} if refused.errors else {}
        return Answer(status, json.dumps({**problem, "id": call.public_id, **errors}))
    ending = "accepted" if outcome.is_pending else "succeeded"
    document = {"id": call.public_id, "status": ending, "result": outcome.result}
    return Answer(HTTPStatus.ACCEPTED if outcome.is_pending else HTTPStatus.OK, json.dumps(document))


def _store(call: BridgeCall, answer: Answer, phones: Sequence[str]) -> None:
    """Keeps the answer, and completes the row of the request that claimed the key."""
    fields.seal(call, "answer", answer.body)
    call.status, call.request = answer.status, ""
    call.save(update_fields=["answer", "status", "request"])
    write.complete_bridge(
        call.id,
        began=call.created,
        state=CallState.SUCCEEDED if answer.status < 400 else CallState.DECLINED,
        status=answer.status,
        response=json.loads(answer.body),
        phones=phones,
    )


def prune(now: datetime) -> int:
    """Deletes answers after 30 days, and returns how many there were.

    What an action of money leaves is kept without its answer: its key never runs a second time.
    """
    old = BridgeCall.objects.filter(state=State.DONE, finished__lte=now - ANSWER_KEPT)
    deleted, _rows = old.filter(moves_money=False).delete()
    emptied: int = old.filter(moves_money=True).exclude(answer="").update(answer="")
    return deleted + emptied


def lease() -> timedelta:
    return timedelta(seconds=settings.BRIDGE_LEASE_SECONDS)
