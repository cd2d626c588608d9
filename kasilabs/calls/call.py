"""The door from an agent to a plugin, free of HTTP: one tool call from its name to its answer.

Order: tool by name, context gates, input schema, customer and alias, the open row (which claims the idempotency key),
connection released, plugin called, row completed. Everything before the open row leaves nothing but a refused row.
"""

import json
import logging
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from grants.decision import reasons
from grants.decision.context import DecisionContext, InstalledPlugin
from grants.decision.gates import decide
from kasilabs.calls import customer, idempotency, refusals, results
from kasilabs.calls.dispatch import send, tokens
from kasilabs.calls.dispatch.result import DispatchResult
from kasilabs.calls.request import Request
from kasilabs.configuration import values
from kasilabs.lib import ids
from kasilabs.lib.crypto.fields import CannotOpen
from kasilabs.lib.db import connection
from kasilabs.logs import write
from kasilabs.logs.models import Call
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import Instance
from plugins import signing_secrets
from plugins.manifest.document import BRIDGE_PREFIX, Tool, Visibility

log = logging.getLogger(__name__)

ROUNDS = 4
"""How often a transaction starts over when another process made the same row first."""


@dataclass(frozen=True, repr=False)
class _Ready:
    """A call that passed the gates before sending."""

    context: DecisionContext
    plugin: InstalledPlugin
    tool: Tool
    request: Request
    started: datetime

    @property
    def instance(self) -> Instance:
        return self.context.instance

    def refuse(self, refusal: results.Refusal) -> results.Answer:
        return refusals.refuse(
            self.instance, self.request, refusal, started=self.started, plugin=self.plugin, tool=self.tool
        )


@dataclass(frozen=True, repr=False)
class _Keys:
    """The signing secrets of a plugin in clear: the one that signs, and all that must not come back in an answer."""

    kid: str
    text: str
    all: tuple[str, ...]


def call_tool(instance: Instance, request: Request) -> results.Answer:
    """Carry out one tool call and leave its row in the plugin log."""
    started = timezone.now()
    if not instance.is_active:
        return refusals.refuse_suspended(instance, request, started=started)
    slug, _separator, name = request.tool.partition("__")
    context = DecisionContext.load(instance, slug=slug.upper(), with_signing=True)
    plugin = context.plugin(slug.upper())
    tool = plugin.manifest.tool(name) if plugin and slug == plugin.slug.lower() else None
    if plugin is None or tool is None or plugin.manifest.visibility is Visibility.DEPENDENCY:
        refusal = results.unknown_tool()
        return refusals.refuse(instance, request, refusal, started=started, plugin=plugin, tool=tool)
    ready = _Ready(context, plugin, tool, request, started)
    decision = decide(context, plugin, tool)
    if not decision.allowed:
        return ready.refuse(
            results.refused(decision, reasons.message(decision), refusals.explain_url(instance, request))
        )
    problems = tool.input_validator.violations(request.input, at="/input")
    if problems:
        return ready.refuse(results.invalid_input(problems))
    return _carry_out(ready)


def _carry_out(ready: _Ready) -> results.Answer:
    """Claim the row, call the plugin with nothing held, complete the row."""
    call_id = ids.uuid7()
    try:
        keys = _opened(ready.plugin)
        person, call = _claim(ready, call_id)
    except customers.CustomerConflict:
        return ready.refuse(results.customer_conflict())
    except customers.ConversationMismatch:
        return ready.refuse(results.conversation_mismatch())
    except idempotency.Taken as taken:
        return idempotency.answer(taken.call, ready.request.fingerprint)
    except CannotOpen:
        return ready.refuse(results.our_fault())
    return _complete(ready, call, person, _sent(ready, call_id, person, keys))


def _sent(ready: _Ready, call_id: UUID, person: customer.CustomerContext, keys: _Keys) -> DispatchResult:
    """Call the plugin; a mistake of our own ends the row like every other outcome instead of leaving it open.

    Reading a key may need the database, so the connection is given back once the job is whole.
    """
    try:
        job = _job(ready, call_id, person, keys)
        gates_ms = (timezone.now() - ready.started).total_seconds() * 1000
        connection.release()
        outcome = send.send(job)
        outcome.timings["gates_ms"] = round(gates_ms, 1)
        return outcome
    except Exception:
        log.exception("a tool call failed inside the platform")
        return DispatchResult(code=results.SERVER_ERROR)


def _opened(plugin: InstalledPlugin) -> _Keys:
    """Open what the call is signed with, and all that proves things in the plugin's name. Raises CannotOpen."""
    signer = signing_secrets.choose_signer(plugin.signing)
    if signer is None:
        raise CannotOpen("no signing secret")
    texts = {secret.kid: secret.reveal() for secret in plugin.signing}
    return _Keys(signer.kid, texts[signer.kid], tuple(texts.values()))


def _claim(ready: _Ready, call_id: UUID) -> tuple[customer.CustomerContext, Call]:
    """Write customer, alias and the open row in one transaction; start over when somebody else made one of them first.

    Raises CustomerConflict, ConversationMismatch, and Taken when the idempotency key has been used.
    """
    request = ready.request
    for _round in range(ROUNDS):
        try:
            known = customer.look_up(ready.plugin.installation, ready.instance, request.conversation)
            with _commit(is_several=known is not None and not known.is_settled):
                person = customer.resolve(ready.plugin.installation, ready.instance, known)
                return person, _open(ready, call_id, person)
        except IntegrityError as error:
            idempotency.raise_if_taken(ready.instance, request.idempotency_key)
            last = error
    raise last


def _commit(*, is_several: bool) -> AbstractContextManager[None]:
    """Return a transaction for several statements; one alone is a transaction by itself, without two trips more."""
    return transaction.atomic() if is_several else nullcontext()


def _open(ready: _Ready, call_id: UUID, person: customer.CustomerContext) -> Call:
    claim = write.Claim(
        call_id=call_id,
        timeout_seconds=ready.tool.timeout_seconds,
        conversation_id=person.conversation_id,
        customer_id=person.customer_id,
        alias=person.alias,
        idempotency_index=idempotency.index(ready.instance, ready.request.idempotency_key),
        fingerprint=ready.request.fingerprint,
    )
    about = refusals.about(ready.instance, ready.request, ready.plugin, ready.tool, phones=person.phones)
    return write.opened(about, claim, request=refusals.logged(ready.request), hidden=_hidden(ready, person))


def _hidden(ready: _Ready, person: customer.CustomerContext, *texts: str) -> write.Hidden:
    return write.Hidden(secrets=(*ready.plugin.opened.values.values(), *texts), phones=person.phones)


def _job(ready: _Ready, call_id: UUID, person: customer.CustomerContext, keys: _Keys) -> send.Job:
    installation, manifest = ready.plugin.installation, ready.plugin.manifest
    subject = tokens.Subject(call_id, installation, ready.instance)
    opened = ready.plugin.opened.values
    plain = values.effective(manifest.configuration, installation.values)
    secret_values = {
        field.name: opened[field.pointer] for field in manifest.configuration.secrets if field.pointer in opened
    }
    return send.Job(
        subject=subject,
        manifest=manifest,
        tool=ready.tool,
        input=ready.request.input,
        configuration=plain | secret_values,
        kid=keys.kid,
        signing_secret=keys.text,
        secrets=(*opened.values(), *keys.all),
        phones=person.phones,
        alias=person.alias,
        chat=_chat_token(ready, subject, person),
    )


def _chat_token(ready: _Ready, subject: tokens.Subject, person: customer.CustomerContext) -> tokens.ChatToken | None:
    if person.conversation_id is None or not person.alias:
        return None
    held = ready.context.grants[ready.plugin.slug].permissions
    return tokens.chat_token(
        subject,
        conversation_id=person.conversation_id,
        alias=person.alias,
        permissions=[key for key in held if key.startswith(BRIDGE_PREFIX)],
        timeout_seconds=ready.tool.timeout_seconds,
    )


def _complete(ready: _Ready, call: Call, person: customer.CustomerContext, outcome: DispatchResult) -> results.Answer:
    """Write how the call ended and, under an idempotency key, the sealed answer: both in one commit."""
    result = results.of(outcome)
    seen = _hidden(ready, person, *outcome.tokens)
    with _commit(is_several=ready.request.idempotency_key is not None):
        is_ours = write.finished(call, result, seen)
        answer = results.answer(outcome, result, call) if is_ours else results.lost(call.public_id)
        if ready.request.idempotency_key and is_ours:
            write.keep_answer(call, answer.status, json.dumps(answer.document))
    return answer
