"""Who a call is about: the conversation, the customer, and the alias the plugin will see for them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from grants.request import Conversation
from installations import aliases
from installations.models import Installation
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import Instance

_NUMBER = re.compile(r"\+?[0-9]{9,15}")


@dataclass(frozen=True, repr=False)
class Person:
    """What was found or made; everything empty for a call outside a conversation."""

    conversation_id: UUID | None = None
    customer_id: UUID | None = None
    alias: str = ""
    phones: Sequence[str] = ()


def resolve(installation: Installation, instance: Instance, sent: Conversation | None) -> Person:
    """Find or make conversation, customer and alias in the caller's transaction.

    Raises CustomerConflict and ConversationMismatch; IntegrityError when another process was faster, and then the
    caller starts over. A call without customer in a conversation that has one uses it.
    """
    if sent is None:
        return Person()
    conversation = customers.find_conversation(instance, sent.id)
    customer_id, alias = _named(installation, instance, sent)
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
        return Person(joined.id, phones=_sent_phones(sent))
    alias = alias or aliases.find_or_make(installation, customer_id)
    known = () if sent.phone else customers.phones(customer_id)
    return Person(joined.id, customer_id, alias, (*_sent_phones(sent), *known))


def _named(installation: Installation, instance: Instance, sent: Conversation) -> tuple[UUID | None, str]:
    """Return the customer the agent names and, when they are known here, their alias."""
    handles = customers.handles(instance.organization, phone=sent.phone, user_id=sent.user_id)
    if not handles:
        return None, ""
    known = aliases.known(installation, handles)
    return known or (customers.find_or_make(instance.organization, handles), "")


def known_phones(instance: Instance, sent: Conversation | None) -> tuple[str, ...]:
    """Return the numbers a refused call must hide: the one the agent names, and those of whom the conversation is with.

    Raises CannotOpen: what cannot be hidden is not written.
    """
    if sent is None:
        return ()
    conversation = customers.find_conversation(instance, sent.id)
    known = customers.phones(conversation.customer_id) if conversation and conversation.customer_id else []
    return (*_sent_phones(sent), *known)


def _sent_phones(sent: Conversation) -> tuple[str, ...]:
    """Return the numbers an agent sends: the customer's, and an id of the conversation that is one itself."""
    numbers = [sent.phone, sent.id if _NUMBER.fullmatch(sent.id) else None]
    return tuple(number for number in numbers if number)
