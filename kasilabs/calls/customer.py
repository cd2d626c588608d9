"""Who a call is about: the conversation, the customer, and the alias the plugin will see for them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import QuerySet, Value

from installations import aliases
from installations.models import CustomerAlias, Installation
from kasilabs.calls.request import Conversation
from kasilabs.lib.db.compiled import compiled
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import Conversation as Talk
from kasilabs.whatsapp.models import CustomerHandle, Instance

Kind = CustomerHandle.Kind
_NUMBER = re.compile(r"\+?[0-9]{9,15}")


@dataclass(frozen=True, repr=False)
class CustomerContext:
    """What was found or made; everything empty for a call outside a conversation."""

    conversation_id: UUID | None = None
    customer_id: UUID | None = None
    alias: str = ""
    phones: Sequence[str] = ()


@dataclass(frozen=True, repr=False)
class Known:
    """What was known before a call: the conversation, and the customer the agent names with their alias here."""

    sent: Conversation
    handles: Sequence[customers.Handle]
    conversation: customers.Seen | None
    named: tuple[UUID, str] | None

    @property
    def is_settled(self) -> bool:
        """Whether the call needs no row but its own: nothing is new about whom it is with."""
        if self.conversation is None or self.named is None or self.conversation.customer_id != self.named[0]:
            return False
        return not self.conversation.is_before(self.sent.last_message_at)


def look_up(installation: Installation, instance: Instance, sent: Conversation | None) -> Known | None:
    """Read what is known, in one statement; nothing for a call outside a conversation."""
    if sent is None:
        return None
    handles = customers.handles(instance.organization, phone=sent.phone, user_id=sent.user_id)
    rows = _rows(installation, instance, customers.conversation_index(instance, sent.id), handles)
    talks = [customers.Seen(row, customer, last) for row, customer, last, _alias in rows if row]
    named = [(customer, alias) for row, customer, _last, alias in rows if row is None]
    agree = len(named) == len(handles) and len(set(named)) == 1
    return Known(sent, handles, talks[0] if talks else None, named[0] if agree else None)


_Found = tuple[UUID | None, Any, datetime | None, str]
"""(conversation, customer, last message, "") or, for each handle that is known, (None, customer, None, alias)."""


def _rows(
    installation: Installation, instance: Instance, index: str, handles: Sequence[customers.Handle]
) -> list[_Found]:
    if not handles:
        return _talk(instance=instance.id, index=index)
    index_of = {handle.kind: handle.index for handle in handles}
    return _talk_and_names(
        instance=instance.id,
        index=index,
        organization=instance.organization_id,
        installation=installation.id,
        phone=index_of.get(Kind.PHONE),
        user_id=index_of.get(Kind.USER_ID),
    )


@compiled
def _talk(*, instance: UUID, index: str) -> "QuerySet[Talk, _Found]":
    found = customers.conversations(instance, index)
    return found.values_list("id", "customer_id", "last_customer_message_at", Value(""))


@compiled
def _talk_and_names(
    *, instance: UUID, index: str, organization: UUID, installation: UUID, phone: str | None, user_id: str | None
) -> "QuerySet[Any, _Found]":
    talk = customers.conversations(instance, index)
    names = CustomerAlias.objects.for_handles(organization, installation, {Kind.PHONE: phone, Kind.USER_ID: user_id})
    nothing, never = Value(None, models.UUIDField()), Value(None, models.DateTimeField())
    return talk.values_list("id", "customer_id", "last_customer_message_at", Value("")).union(
        names.values_list(nothing, "customer_id", never, "alias"), all=True
    )


def resolve(installation: Installation, instance: Instance, known: Known | None) -> CustomerContext:
    """Make what is not known yet of conversation, customer and alias, in the caller's transaction.

    Raises CustomerConflict and ConversationMismatch; IntegrityError when another process was faster, and then the
    caller looks it up again. A call without customer in a conversation that has one uses it.
    """
    if known is None:
        return CustomerContext()
    sent, conversation = known.sent, known.conversation
    customer_id, alias = known.named or (None, "")
    if customer_id is None and known.handles:
        customer_id = customers.find_or_make(instance.organization, known.handles)
    if customer_id is None and conversation is not None:
        customer_id = conversation.customer_id
    joined = customers.join(
        conversation,
        instance=instance,
        external_id=sent.id,
        customer_id=customer_id,
        last_message_at=sent.last_message_at,
    )
    if customer_id is None:
        return CustomerContext(joined, phones=_sent_phones(sent))
    alias = alias or aliases.get_or_create(installation, customer_id)
    stored = () if sent.phone else customers.phones(customer_id)
    return CustomerContext(joined, customer_id, alias, (*_sent_phones(sent), *stored))


def known_phones(instance: Instance, sent: Conversation | None) -> tuple[str, ...]:
    """Return the numbers a refused call must hide: the one the agent names, and those of whom the conversation is with.

    Raises CannotOpen: what cannot be hidden is not written.
    """
    if sent is None:
        return ()
    conversation = customers.conversations(instance.id, customers.conversation_index(instance, sent.id)).first()
    known = customers.phones(conversation.customer_id) if conversation and conversation.customer_id else []
    return (*_sent_phones(sent), *known)


def _sent_phones(sent: Conversation) -> tuple[str, ...]:
    """Return the numbers an agent sends: the customer's, and an id of the conversation that is one itself."""
    numbers = [sent.phone, sent.id if _NUMBER.fullmatch(sent.id) else None]
    return tuple(number for number in numbers if number)
