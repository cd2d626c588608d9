"""One tool call from its name to its answer, free of HTTP.

In order: the gates, the customer and the open row in one commit, the plugin, the row completed in another. Up to the
open row a call leaves nothing but a refused row.
"""

import json
import logging
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from django.conf import settings
from django.db import IntegrityError, transaction

from grants.decision.context import DecisionContext
from grants.decision.gates import decide
from kasilabs.calls import idempotency, personal_input, results
from kasilabs.calls.customer import CustomerContext, known_phones
from kasilabs.calls.dispatch.places import shared_places
from kasilabs.calls.dispatch.send import send
from kasilabs.calls.personal_input import CannotMask
from kasilabs.calls.results import CallResult
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib import turns
from kasilabs.lib.crypto.fields import CannotOpen
from kasilabs.lib.db import connection
from kasilabs.logs import unwritten, write
from kasilabs.logs.gates import BEFORE_SENDING
from kasilabs.whatsapp.customers import ConversationMismatch, CustomerConflict
from plugins import signing_secrets
from plugins.manifest.document import Visibility

log = logging.getLogger(__name__)

ROUNDS = 4
"""How often the first commit starts over when another process has made one of its rows."""

RETRY_SECONDS = 0.2
"""How long to wait before the end of a call is written again."""


def call_tool(call: ToolCall) -> CallResult:
    """Carries out one tool call and leaves its row in the plugin log. Must run outside of a transaction.

    For an agent, the API has asked before whether the number is active; for a person's test call the gates ask it.
    """
    refusal = _first_refusal(call)
    if refusal is not None:
        return refuse(call, refusal)
    with shared_places().place(call.plugin.installation.id) as full:
        try:
            if full:
                idempotency.raise_if_taken(call.instance, idempotency.index(call))
                return refuse(call, results.busy(call, full))
            refusal = _prepare(call)
        except idempotency.KeyTaken as taken:
            return idempotency.replay(taken.row, call.fingerprint)
        if refusal is not None:
            return refusal
        try:
            result = send(call)
        except Exception:
            # The row must not stay open for a mistake of our own.
            log.exception("a tool call failed inside the platform")
            result = results.server_error(call)
        return _complete(call, result)


def refuse(call: ToolCall, result: CallResult, *, phones: Sequence[str] | None = None) -> CallResult:
    """Writes the finished row of a call that does not reach the plugin.

    It makes no customer, but it may be about a known one: what the row keeps hides their phone number too, which is
    among `phones` where the caller knows it. Raises CannotOpen when it cannot be read: what cannot be hidden is not
    written.
    """
    if phones is None:
        phones = known_phones(call.instance, call.conversation)
    result.fill(call.row)
    request = {"tool": call.name, "input": call.input}
    write.insert_refused(call.row, asked=call.asked, request=request, phones=phones)
    return result


def _first_refusal(call: ToolCall) -> CallResult | None:
    """Finds the tool by its name and asks the gates before the plugin. None means that all let the call pass."""
    slug, _separator, name = call.name.partition("__")
    context = DecisionContext.load(call.instance, slug=slug.upper(), with_signing=True)
    plugin = context.plugin(slug.upper())
    tool = plugin.manifest.tool(name) if plugin and slug == plugin.slug.lower() else None
    if plugin is None or tool is None:
        return results.unknown_tool(call)
    call.set_tool(context, plugin, tool)
    if plugin.manifest.visibility is Visibility.DEPENDENCY:
        return results.unknown_tool(call)
    call.asked = BEFORE_SENDING
    decision = decide(context, plugin, tool)
    if not decision.allowed:
        return results.refused(call, decision)
    sent_on = tool.input_sent_on(call.input)
    violations = tool.input_validator.violations(sent_on, at="/input")
    if violations:
        return results.invalid_input(call, violations)
    call.input = sent_on
    return None


def _prepare(call: ToolCall) -> CallResult | None:
    """Does all that comes before sending. None means that the call is open; else it is refused. Raises KeyTaken."""
    try:
        _open_secrets(call)
        _claim(call)
    except CustomerConflict:
        return refuse(call, results.customer_conflict(call))
    except ConversationMismatch:
        return refuse(call, results.conversation_mismatch(call))
    except CannotMask as error:
        return refuse(call, results.personal_input(call, error.violations), phones=call.customer.phones)
    except CannotOpen:
        return refuse(call, results.cannot_open(call))
    return None


def _open_secrets(call: ToolCall) -> None:
    """Opens what the call is signed with, and all that must come back neither in the answer nor in the log.

    Raises CannotOpen.
    """
    signer = signing_secrets.choose_signer(call.plugin.signing)
    if signer is None:
        raise CannotOpen("no signing secret")
    texts = {secret.kid: secret.reveal() for secret in call.plugin.signing}
    call.kid, call.signing_secret = signer.kid, texts[signer.kid]
    call.secrets += [*call.plugin.opened.values.values(), *texts.values()]


def _claim(call: ToolCall) -> None:
    """Writes customer, alias and the open row in one commit; starts over when somebody else made one of them first.

    The INSERT of the row claims the idempotency key. Raises CustomerConflict, ConversationMismatch, CannotMask,
    CannotOpen, and KeyTaken when the key has been used.
    """
    row, idempotency_index = call.row, idempotency.index(call)
    for _round in range(ROUNDS):
        try:
            customer = call.customer = CustomerContext.load(call.plugin.installation, call.instance, call.conversation)
            with _commit(is_several=not customer.is_complete):
                customer.create_missing()
                told = call.told = personal_input.mask(
                    call.tool, call.input, customer_phones=customer.customer_phones, phones=customer.phones
                )
                row.conversation_id, row.customer_id = customer.conversation_id, customer.customer_id
                row.alias, row.masked = customer.alias, told.masked
                row.idempotency_index, row.fingerprint = idempotency_index, call.fingerprint
                write.insert_open(
                    row,
                    request={"tool": call.name, "input": told.value},
                    timeout_seconds=call.tool.timeout_seconds,
                    secrets=call.secrets,
                    phones=customer.phones,
                )
                return
        except IntegrityError as error:
            idempotency.raise_if_taken(call.instance, idempotency_index)
            last = error
    raise last


def _complete(call: ToolCall, result: CallResult) -> CallResult:
    """Writes how the call ended, again and again while the database is away, and at last for later.

    Whatever becomes of the row, the plugin has done its work, and the agent is told so.
    """
    row, gives_up_at = call.row, time.monotonic() + settings.CALLS_GRACE_SECONDS
    result = replace(result, masked=call.told.masked)
    result.fill(row)
    while True:
        try:
            return _write_end(call, result)
        except connection.UNAVAILABLE:
            if time.monotonic() >= gives_up_at:
                answer = json.dumps(result.document) if call.idempotency_key is not None else None
                unwritten.keep(row, answer=answer)
                return result
            with turns.given_back():
                connection.release()
                time.sleep(RETRY_SECONDS)


def _write_end(call: ToolCall, result: CallResult) -> CallResult:
    """Completes the row and, under an idempotency key, keeps the sealed answer: both in one commit."""
    with _commit(is_several=call.idempotency_key is not None):
        if write.complete(call.row, response=call.response, secrets=call.secrets, phones=call.customer.phones):
            if call.idempotency_key is not None:
                write.keep_answer(call.row, result.status, json.dumps(result.document))
        elif not write.is_completed(call.row):
            return replace(results.lost(call.row), masked=call.told.masked)
    return result


def _commit(*, is_several: bool) -> AbstractContextManager[None]:
    """Returns a transaction for several statements; one alone is a transaction by itself, without two trips more."""
    return transaction.atomic() if is_several else nullcontext()
