"""Who a call is about: the conversation, the customer, and the alias the plugin will see for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from installations import aliases
from installations.models import Installation
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import Instance


@dataclass(frozen=True, repr=False)
class Conversation:
    """The conversation as the agent names it; it may carry a phone number, so it has no repr."""

    id: str
    phone: str | None = None
    user_id: str | None = None
    last_message_at: datetime | None = None


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
        return Person(joined.id)
    alias = alias or aliases.find_or_make(installation, customer_id)
    phones = [sent.phone] if sent.phone else customers.phones(customer_id)
    return Person(joined.id, customer_id, alias, phones)


def _named(installation: Installation, instance: Instance, sent: Conversation) -> tuple[UUID | None, str]:
    """Return the customer the agent names and, when they are known here, their alias."""
    handles = customers.handles(instance.organization, phone=sent.phone, user_id=sent.user_id)
    if not handles:
        return None, ""
    known = aliases.known(installation, handles)
    return known or (customers.find_or_make(instance.organization, handles), "")
