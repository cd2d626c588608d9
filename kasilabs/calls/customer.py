"""Whom a call is about: the conversation, the customer, and the alias the plugin sees for them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import FilteredRelation, Q, QuerySet, Value

from installations import aliases
from installations.models import ALIAS_HASH_VERSION, Installation
from kasilabs.lib.db.compiled import compiled
from kasilabs.lib.text import phone_ids
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.customers import Handle, KnownConversation
from kasilabs.whatsapp.models import Conversation, CustomerHandle, Instance


@dataclass(frozen=True, repr=False)
class SentConversation:
    """The conversation as the agent names it. It may carry a phone number, so it has no repr.

    `mentioned` are the phone numbers in a body that is not a call.
    """

    id: str
    phone: str | None = None
    user_id: str | None = None
    last_message_at: datetime | None = None
    mentioned: tuple[str, ...] = ()

    @property
    def phones(self) -> tuple[str, ...]:
        """All phone numbers in it: the customer's, and those in the id, also where its digits merely could be one."""
        return (*self.customer_phones, *self._in_id.possible, *self.mentioned)

    @property
    def customer_phones(self) -> tuple[str, ...]:
        """The phone numbers that are the customer's beyond doubt."""
        return (*((self.phone,) if self.phone else ()), *self._in_id.named)

    @cached_property
    def _in_id(self) -> phone_ids.PhoneNumbers:
        return phone_ids.find(self.id)


@dataclass(repr=False)
class CustomerContext:
    """Whom a call is about. Everything but the first two fields is empty for a call outside a conversation.

    `load` reads what is known, `create_missing` makes the rest and sets the last five fields. `known` holds customer
    and alias of each known handle, by its index; the alias is empty where the plugin has not seen the customer yet.
    `phones` must come back neither in an answer nor in the log; `customer_phones` are those of them that are the
    customer's beyond doubt. Phone numbers are in here, so it has no repr.
    """

    installation: Installation
    instance: Instance
    sent: SentConversation | None
    handles: Sequence[Handle] = ()
    conversation: KnownConversation | None = None
    known: dict[str, tuple[UUID, str]] = field(default_factory=dict)

    conversation_id: UUID | None = None
    customer_id: UUID | None = None
    alias: str = ""
    phones: tuple[str, ...] = ()
    customer_phones: tuple[str, ...] = ()

    @classmethod
    def load(cls, installation: Installation, instance: Instance, sent: SentConversation | None) -> "CustomerContext":
        """Reads what is known in one statement, or in none for a call outside a conversation."""
        if sent is None:
            return cls(installation, instance, None)
        handles = customers.handles(instance.organization, phone=sent.phone, user_id=sent.user_id)
        context = cls(installation, instance, sent, handles)
        for row, customer_id, last_message_at, index, alias in _rows(context):
            if row is not None:
                context.conversation = KnownConversation(row, customer_id, last_message_at)
            else:
                context.known[index] = (customer_id, alias or "")
        return context

    @property
    def is_complete(self) -> bool:
        """Whether the call needs no row but its own: nothing is new about whom it is with."""
        if self.sent is None:
            return True
        people = set(self.known.values())
        if self.conversation is None or len(self.known) < len(self.handles) or len(people) != 1:
            return False
        customer_id, alias = people.pop()
        is_theirs = self.conversation.customer_id == customer_id
        return bool(alias) and is_theirs and not self.conversation.is_before(self.sent.last_message_at)

    def create_missing(self) -> None:
        """Makes what is not known yet of customer, conversation and alias, in the caller's transaction.

        A call without customer in a conversation that has one uses it. Raises CustomerConflict and
        ConversationMismatch; IntegrityError when another process was faster, and then the caller loads it again.
        """
        if self.sent is None:
            return
        people = {customer_id for customer_id, _alias in self.known.values()}
        if len(people) > 1:
            raise customers.CustomerConflict
        customer_id = people.pop() if people else None
        new = [handle for handle in self.handles if handle.index not in self.known]
        if new:
            customer_id = customers.add_handles(self.instance.organization, customer_id, new)
        elif customer_id is None and self.conversation is not None:
            customer_id = self.conversation.customer_id
        self.conversation_id = customers.create_or_update_conversation(
            self.conversation,
            instance=self.instance,
            external_id=self.sent.id,
            customer_id=customer_id,
            last_message_at=self.sent.last_message_at,
        )
        # An id may name both ends of a conversation; the shop's own number is no secret.
        self.phones = tuple(phone for phone in self.sent.phones if phone != self.instance.number)
        self.customer_phones = tuple(phone for phone in self.phones if phone in self.sent.customer_phones)
        if customer_id is not None:
            self.customer_id = customer_id
            alias = next((alias for _customer, alias in self.known.values() if alias), "")
            self.alias = alias or aliases.get_or_create(self.installation, customer_id)
            stored = () if self.sent.phone else tuple(customers.phones(customer_id))
            self.phones, self.customer_phones = self.phones + stored, self.customer_phones + stored


def known_phones(instance: Instance, sent: SentConversation | None) -> tuple[str, ...]:
    """Returns the numbers a refused call must hide: what the agent sent, and those of whom it is known to be about.

    Raises CannotOpen.
    """
    if sent is None:
        return ()
    conversation = customers.conversations(instance.id, customers.conversation_index(instance, sent.id)).first()
    people = {conversation.customer_id} if conversation and conversation.customer_id else set()
    if sent.user_id is not None:
        (handle,) = customers.handles(instance.organization, phone=None, user_id=sent.user_id)
        people.update(customers.customer_ids(instance.organization, handle))
    return (*sent.phones, *(phone for person in people for phone in customers.phones(person)))


_Row = tuple[UUID | None, Any, datetime | None, str, str | None]
"""(conversation, customer, last message, "", "") and, for each handle that is known, (None, customer, None, index,
alias or None)."""


def _rows(context: CustomerContext) -> list[_Row]:
    instance, indexes = context.instance, {handle.kind: handle.index for handle in context.handles}
    index = customers.conversation_index(instance, context.sent.id if context.sent else "")
    if not indexes:
        return _conversation(instance=instance.id, index=index)
    return _conversation_and_handles(
        instance=instance.id,
        index=index,
        organization=instance.organization_id,
        plugin=context.installation.plugin_id,
        mode=context.installation.mode,
        phone=indexes.get(CustomerHandle.Kind.PHONE),
        user_id=indexes.get(CustomerHandle.Kind.USER_ID),
    )


@compiled
def _conversation(*, instance: UUID, index: str) -> "QuerySet[Conversation, _Row]":
    found = customers.conversations(instance, index)
    return found.values_list("id", "customer_id", "last_customer_message_at", Value(""), Value(""))


@compiled
def _conversation_and_handles(
    *,
    instance: UUID,
    index: str,
    organization: UUID,
    plugin: UUID,
    mode: str,
    phone: str | None,
    user_id: str | None,
) -> "QuerySet[Any, _Row]":
    conversation = customers.conversations(instance, index)
    sent = [Q(kind=CustomerHandle.Kind.PHONE, index=phone)] if phone else []
    sent += [Q(kind=CustomerHandle.Kind.USER_ID, index=user_id)] if user_id else []
    for_plugin = Q(
        customer__aliases__organization=organization,
        customer__aliases__plugin=plugin,
        customer__aliases__mode=mode,
        customer__aliases__hash_version=ALIAS_HASH_VERSION,
    )
    handles = CustomerHandle.objects.filter(reduce(or_, sent), organization=organization).annotate(
        here=FilteredRelation("customer__aliases", condition=for_plugin)
    )
    nothing, never = Value(None, models.UUIDField()), Value(None, models.DateTimeField())
    return conversation.values_list("id", "customer_id", "last_customer_message_at", Value(""), Value("")).union(
        handles.values_list(nothing, "customer_id", never, "index", "here__alias"), all=True
    )
