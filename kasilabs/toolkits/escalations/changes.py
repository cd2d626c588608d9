"""Handing a conversation to people, and what they do with it. Of two who act at once one UPDATE decides."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit
from kasilabs.accounts.models import Member, Organization
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.escalations import notices
from kasilabs.toolkits.escalations.models import Escalation, Priority
from kasilabs.toolkits.scope import Origin
from kasilabs.whatsapp import chat_answerers


def create(origin: Origin, *, reason: str, priority: Priority, summary: str = "") -> Escalation:
    """Hands a customer over in the caller's transaction, or returns what this call has handed over already.

    Whoever answers the chats of the number is told.
    """
    escalation = Escalation.of(origin, reason=reason, priority=priority, summary=summary)
    try:
        with transaction.atomic():
            escalation.save(force_insert=True)
            notices.tell_answerers(escalation)
    except IntegrityError:
        existing: Escalation | None = Escalation.objects.filter(origin=origin.call).first()
        if existing is None:
            raise
        return existing
    return escalation


def find_answerer(organization: Organization, email: str) -> Member | None:
    """Returns the member with this address, if they may answer chats."""
    member = organization.members.select_related("user").filter(user__email=email.lower()).first()
    return member if member and chat_answerers.may_answer(member) else None


def give_for_plugin(escalation: Escalation, email: str) -> None:
    """Gives it to a member in the caller's transaction, as the plugin asks that has handed it over.

    Raises Refused: `already_final`, and `invalid_input` for who may not answer chats.
    """
    member = find_answerer(escalation.organization, email)
    if member is None:
        error = {"pointer": "/memberEmail", "code": "enum", "message": str(NOBODY)}
        raise Refused("invalid_input", NOBODY, [error])
    _update(escalation, Q(), {"holder": member})
    notices.tell_holder(escalation, member)


def queue_for_plugin(escalation: Escalation, queue: str) -> None:
    """Puts it into a queue in the caller's transaction, where it waits. Raises Refused (`already_final`)."""
    _update(escalation, Q(), {"queue": queue, "holder": None})


def take(escalation: Escalation, *, member: Member, actor: audit.Actor) -> None:
    """Takes what nobody holds. Raises Refused (`already_final`)."""
    _act(escalation, "taken", {"holder": member}, once=Q(holder=None), actor=actor)


def put_back(escalation: Escalation, *, actor: audit.Actor) -> None:
    """Lets what somebody holds wait again. Raises Refused (`already_final`)."""
    held = _as_seen(escalation) & Q(holder__isnull=False)
    _act(escalation, "put_back", {"holder": None}, once=held, actor=actor)


def put_into_queue(escalation: Escalation, queue: str, *, actor: audit.Actor) -> None:
    """Lets it wait in a queue. Raises Refused (`already_final`)."""
    _act(escalation, "queued", {"queue": queue, "holder": None}, once=_as_seen(escalation), actor=actor)


def give(escalation: Escalation, member: Member, *, actor: audit.Actor) -> None:
    """Gives it to a member, who is told. Raises Refused (`already_final`, `cannot_answer`)."""
    with transaction.atomic():
        members = escalation.organization.members.select_for_update(of=("self",)).select_related("user")
        holder = members.filter(pk=member.pk).first()
        if holder is None or not chat_answerers.may_answer(holder):
            raise Refused("cannot_answer", _("%(person)s may not answer chats.") % {"person": member.user})
        _act(escalation, "given", {"holder": holder}, once=_as_seen(escalation), actor=actor)
        if holder.user_id != actor.user_id:
            notices.tell_holder(escalation, holder)


def resolve(escalation: Escalation, *, member: Member, actor: audit.Actor, note: str) -> None:
    """Says what the member who holds it has done. Raises Refused (`already_final`)."""
    done = {"resolved": timezone.now(), "note": note}
    _act(escalation, "resolved", done, once=Q(holder=member), actor=actor, reason=note)


NOBODY: Promise = _("No member with this address may answer chats.")


def _as_seen(escalation: Escalation) -> Q:
    """Returns the condition that nobody else has come to hold it since it was read."""
    return Q(holder=escalation.holder_id)


def _act(
    escalation: Escalation, done: str, changes: dict[str, Any], *, once: Q, actor: audit.Actor, reason: str = ""
) -> None:
    organization = escalation.organization
    with audit.act(actor=actor, organization=organization, action=f"escalation.{done}", reason=reason) as act:
        act.on(escalation.public_id, escalation.instance.name)
        act.change(before=_facts(escalation))
        _update(escalation, once, changes)
        act.change(after=_facts(escalation))


def _update(escalation: Escalation, once: Q, changes: dict[str, Any]) -> None:
    if not Escalation.objects.open().filter(once, pk=escalation.pk).update(**changes):
        raise Refused("already_final", _("Somebody has changed this meanwhile. Look at it as it stands now."))
    for name, value in changes.items():
        setattr(escalation, name, value)


def _facts(escalation: Escalation) -> dict[str, str]:
    holder = escalation.holder.user.email if escalation.holder else ""
    return {"state": escalation.state.value, "queue": escalation.queue, "holder": holder}
