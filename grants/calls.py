"""The door from an agent to a plugin, free of HTTP: one tool call from its name to its answer.

Order: tool by name, standing gates, input schema, customer and alias, the open row (which claims the idempotency key),
connection released, plugin called, row completed. Everything before the open row leaves nothing but a refused row.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from grants import decide as decisions
from grants import endings, people, replay
from grants.sentences import sentence
from installations import configuration, dispatch, tokens
from installations.outcome import Outcome
from kasilabs.lib import connection, ids
from kasilabs.lib.encrypted import CannotOpen
from kasilabs.lib.schema import Problem
from kasilabs.logs import redact, write
from kasilabs.logs.models import Call
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import Instance
from plugins import signing_secrets
from plugins.manifest import BRIDGE_PREFIX, Tool, Visibility

log = logging.getLogger(__name__)

ROUNDS = 4
"""How often a transaction starts over when another process made the same row first."""

MOST_NAME = 64
"""No tool has a longer name (contracts, section 1); what is longer is unknown and cut in the log."""


@dataclass(frozen=True, repr=False)
class Request:
    """One tool call as the agent asked for it. `fingerprint` is SHA-256 over what a retry must repeat."""

    tool: str
    input: dict[str, Any]
    conversation: people.Conversation | None = None
    idempotency_key: str | None = None
    fingerprint: str = ""
    request_id: str = ""
    tested_by: str = ""


@dataclass(frozen=True, repr=False)
class _Ready:
    """A call that passed the gates before sending."""

    standing: decisions.Standing
    setup: decisions.Setup
    tool: Tool
    request: Request
    about: write.About
    started: datetime


def call_tool(instance: Instance, request: Request) -> endings.Answer:
    """Carry out one tool call and leave its row in the plugin log."""
    started = timezone.now()
    if not instance.is_active:
        return _refuse_suspended(instance, request, started)
    slug, _separator, name = request.tool.partition("__")
    standing = decisions.standing(instance, slug=slug.upper(), with_signing=True)
    setup = standing.setup(slug.upper())
    tool = setup.manifest.tool(name) if setup and slug == setup.slug.lower() else None
    about = _about(instance, request, setup, tool)
    if setup is None or tool is None or setup.manifest.visibility is Visibility.DEPENDENCY:
        return _refuse(about, request, started, endings.unknown_tool())
    decision = decisions.decide(standing, setup, tool)
    if not decision.allowed:
        return _refuse(
            about, request, started, endings.refused(decision, sentence(decision), _explain(instance, request))
        )
    problems = tool.input_validator.problems(request.input, at="/input")
    if problems:
        return _refuse(about, request, started, endings.invalid_input(problems))
    return _carry_out(_Ready(standing, setup, tool, request, about, started))


def refuse_body(
    instance: Instance, document: dict[str, Any], problems: Sequence[Problem], *, request_id: str
) -> endings.Answer:
    """Refuse a body that is JSON but not a call, and leave its row; the state of the number comes first here too."""
    tool, sent = document.get("tool"), document.get("input")
    request = Request(
        tool=printable(tool)[:MOST_NAME] if isinstance(tool, str) else "",
        input=sent if isinstance(sent, dict) else {},
        request_id=request_id,
    )
    started = timezone.now()
    if not instance.is_active:
        return _refuse_suspended(instance, request, started)
    return _refuse(_about(instance, request, None, None), request, started, endings.invalid_input(problems))


def printable(text: str) -> str:
    """Return the text without what cannot be printed; PostgreSQL stores no NUL."""
    return "".join(filter(str.isprintable, text))


def _refuse_suspended(instance: Instance, request: Request, started: datetime) -> endings.Answer:
    decision = decisions.suspended(instance)
    refusal = endings.refused(decision, sentence(decision), _explain(instance, request))
    return _refuse(_about(instance, request, None, None), request, started, refusal)


def _about(instance: Instance, request: Request, setup: decisions.Setup | None, tool: Tool | None) -> write.About:
    about = write.About(
        organization_id=instance.organization_id,
        instance_id=instance.id,
        instance_name=instance.name,
        tool=redact.name(request.tool, phones=_phones(request))[:MOST_NAME],
        request_id=request.request_id,
        tested_by=request.tested_by,
    )
    if setup is None or tool is None:
        return about
    return replace(
        about,
        tool=tool.name,
        installation_id=setup.installation.id,
        plugin=setup.slug,
        plugin_name=setup.manifest.name,
        version=setup.installation.version.semver,
        mode=setup.installation.mode,
    )


def _phones(request: Request) -> tuple[str, ...]:
    """Return the phone number the agent named, for what is written before the customer is known."""
    phone = request.conversation.phone if request.conversation else None
    return (phone,) if phone else ()


def _explain(instance: Instance, request: Request) -> str:
    """Return where people signed in can see why: a path with number and tool id only."""
    path = reverse("grants:explain", args=[instance.organization.slug])
    return f"{path}?{urlencode({'number': instance.public_id, 'tool': request.tool})}"


def _logged(request: Request) -> dict[str, Any]:
    return {"tool": request.tool, "input": request.input}


def _refuse(about: write.About, request: Request, started: datetime, refusal: endings.Refusal) -> endings.Answer:
    call = write.refused(
        about,
        request=_logged(request),
        sensitive=write.Sensitive(phones=_phones(request)),
        ending=refusal.ending,
        started=started,
    )
    return refusal.answer(call.public_id)


def _carry_out(ready: _Ready) -> endings.Answer:
    """Claim the row, call the plugin with nothing held, complete the row."""
    call_id = ids.uuid7()
    try:
        secret = _signing_secret(ready.setup)
        person, call = _claim(ready, call_id)
    except customers.CustomerConflict:
        return _refuse(ready.about, ready.request, ready.started, endings.customer_conflict())
    except customers.ConversationMismatch:
        return _refuse(ready.about, ready.request, ready.started, endings.conversation_mismatch())
    except replay.Taken as taken:
        return replay.answer(taken.call, ready.request.fingerprint)
    except CannotOpen:
        return _refuse(ready.about, ready.request, ready.started, endings.our_fault())
    connection.release()
    return _complete(ready, call, person, _sent(_job(ready, call_id, person, secret)))


def _sent(job: dispatch.Job) -> Outcome:
    """Call the plugin; a mistake of our own ends the row like every other outcome instead of leaving it open."""
    try:
        return dispatch.send(job)
    except Exception:
        log.exception("a tool call failed inside the platform")
        return Outcome(code=endings.SERVER_ERROR)


def _signing_secret(setup: decisions.Setup) -> tuple[str, str]:
    """Return (key id, secret). Raises CannotOpen."""
    if setup.signing is None:
        raise CannotOpen("no signing secret")
    return setup.signing.kid, signing_secrets.text(setup.signing)


def _claim(ready: _Ready, call_id: UUID) -> tuple[people.Person, Call]:
    """Write customer, alias and the open row in one transaction; start over when somebody else made one of them first.

    Raises CustomerConflict, ConversationMismatch, and Taken when the idempotency key has been used.
    """
    request = ready.request
    for _round in range(ROUNDS):
        try:
            with transaction.atomic():
                person = people.resolve(ready.setup.installation, ready.standing.instance, request.conversation)
                return person, _open(ready, call_id, person)
        except IntegrityError as error:
            replay.raise_if_taken(ready.standing.instance, request.idempotency_key)
            last = error
    raise last


def _open(ready: _Ready, call_id: UUID, person: people.Person) -> Call:
    claim = write.Claim(
        call_id=call_id,
        timeout_seconds=ready.tool.timeout_seconds,
        conversation_id=person.conversation_id,
        customer_id=person.customer_id,
        alias=person.alias,
        idempotency_key=ready.request.idempotency_key,
        fingerprint=ready.request.fingerprint,
    )
    return write.opened(ready.about, claim, request=_logged(ready.request), sensitive=_sensitive(ready, person))


def _sensitive(ready: _Ready, person: people.Person, *texts: str) -> write.Sensitive:
    return write.Sensitive(secrets=(*ready.setup.opened.values.values(), *texts), phones=person.phones)


def _job(ready: _Ready, call_id: UUID, person: people.Person, secret: tuple[str, str]) -> dispatch.Job:
    installation, manifest = ready.setup.installation, ready.setup.manifest
    subject = tokens.Subject(call_id, installation, ready.standing.instance)
    opened = ready.setup.opened.values
    plain = configuration.effective(manifest.configuration, installation.values)
    secret_values = {
        field.name: opened[field.pointer] for field in manifest.configuration.secrets if field.pointer in opened
    }
    return dispatch.Job(
        subject=subject,
        manifest=manifest,
        tool=ready.tool,
        input=ready.request.input,
        configuration=plain | secret_values,
        kid=secret[0],
        signing_secret=secret[1],
        secrets=(*opened.values(), secret[1]),
        phones=person.phones,
        alias=person.alias,
        chat=_chat_token(ready, subject, person),
    )


def _chat_token(ready: _Ready, subject: tokens.Subject, person: people.Person) -> tokens.ChatToken | None:
    if person.conversation_id is None or not person.alias:
        return None
    held = ready.standing.grants[ready.setup.slug].permissions
    return tokens.chat_token(
        subject,
        conversation_id=person.conversation_id,
        alias=person.alias,
        permissions=[key for key in held if key.startswith(BRIDGE_PREFIX)],
        timeout_seconds=ready.tool.timeout_seconds,
    )


def _complete(ready: _Ready, call: Call, person: people.Person, outcome: Outcome) -> endings.Answer:
    """Write how the call ended and, under an idempotency key, the sealed answer: both in one commit."""
    ending = endings.of(outcome)
    seen = _sensitive(ready, person, *outcome.tokens)
    with transaction.atomic():
        is_ours = write.finished(call, ending, seen)
        answer = endings.answer(outcome, ending, call) if is_ours else endings.lost(call.public_id)
        if ready.request.idempotency_key and is_ours:
            write.keep_answer(call, answer.status, json.dumps(answer.document))
    return answer
