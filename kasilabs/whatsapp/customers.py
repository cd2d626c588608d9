"""Customers and conversations: found or made from what the agent sends, in the caller's transaction.

Nothing here looks and then inserts in hope. A unique constraint decides; whoever loses gets IntegrityError, the caller
rolls back and starts over, and then finds the winner's rows.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kasilabs.accounts import keyring
from kasilabs.accounts.models import Organization
from kasilabs.lib.crypto import bearer_keys, fields
from kasilabs.whatsapp.models import Conversation, Customer, CustomerHandle, Instance


class CustomerConflict(Exception):
    """The phone and the user id belong to two known people."""


class ConversationMismatch(Exception):
    """The conversation already belongs to another customer."""


@dataclass(frozen=True, repr=False)
class Handle:
    """One way a customer is known, with the index it is stored under."""

    kind: CustomerHandle.Kind
    value: str
    index: str


def handles(organization: Organization, *, phone: str | None, user_id: str | None) -> list[Handle]:
    """Return the handles of what the agent sent."""
    sent = [(CustomerHandle.Kind.PHONE, phone), (CustomerHandle.Kind.USER_ID, user_id)]
    key = keyring.organization_key(organization.id, keyring.Purpose.HANDLE_INDEX)
    return [
        Handle(kind, value, bearer_keys.fingerprint(key, f"{kind.value}:{value}"))
        for kind, value in sent
        if value is not None
    ]


def add_handles(organization: Organization, customer_id: UUID | None, new: Sequence[Handle]) -> UUID:
    """Links handles that are not known yet to a customer, or to a new one, and returns the customer's id.

    Raises IntegrityError when another process was faster.
    """
    if customer_id is None:
        customer = Customer(organization=organization)
        customer.save(force_insert=True)
        customer_id = customer.id
    CustomerHandle.objects.bulk_create([_row(organization, customer_id, handle) for handle in new])
    return customer_id


def _row(organization: Organization, customer_id: UUID, handle: Handle) -> CustomerHandle:
    row = CustomerHandle(organization=organization, customer_id=customer_id, kind=handle.kind, index=handle.index)
    fields.seal(row, "value", handle.value)
    return row


def phones(customer_id: UUID) -> list[str]:
    """Return the phone numbers of a customer, for the guard of answers alone. Raises CannotOpen."""
    rows = CustomerHandle.objects.filter(customer_id=customer_id, kind=CustomerHandle.Kind.PHONE)
    return [fields.reveal(row, "value") for row in rows]


def conversation_index(instance: Instance, external_id: str) -> str:
    """Return what the agent's id of a conversation is stored under."""
    key = keyring.organization_key(instance.organization_id, keyring.Purpose.CONVERSATION_INDEX)
    return hmac.new(key, instance.id.bytes + external_id.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Seen:
    """A conversation as it was found."""

    id: UUID
    customer_id: UUID | None
    last_message_at: datetime | None

    def is_before(self, moment: datetime | None) -> bool:
        """Say whether a message at this moment would be the latest."""
        return moment is not None and (self.last_message_at is None or self.last_message_at < moment)


def conversations(instance: UUID, index: str) -> QuerySet[Conversation]:
    """Select the conversation that a number has under an index, if there is one."""
    return Conversation.objects.filter(instance=instance, index=index)


def join(
    seen: Seen | None,
    *,
    instance: Instance,
    external_id: str,
    customer_id: UUID | None,
    last_message_at: datetime | None,
) -> UUID:
    """Make the conversation, or note in it what is new: its first customer, a later message. Returns its id.

    Raises ConversationMismatch when it belongs to somebody else, IntegrityError when another process was faster.
    """
    if seen is None:
        return _begin(instance, external_id, customer_id, last_message_at).id
    if customer_id and seen.customer_id and seen.customer_id != customer_id:
        raise ConversationMismatch
    news: dict[str, Any] = {}
    if customer_id and seen.customer_id is None:
        news["customer"] = customer_id
    if seen.is_before(last_message_at):
        news["last_customer_message_at"] = last_message_at
    if news:
        Conversation.objects.filter(id=seen.id).update(**news)
    return seen.id


def _begin(
    instance: Instance, external_id: str, customer_id: UUID | None, last_message_at: datetime | None
) -> Conversation:
    conversation = Conversation(
        organization_id=instance.organization_id,
        instance=instance,
        index=conversation_index(instance, external_id),
        customer_id=customer_id,
        last_customer_message_at=last_message_at,
    )
    fields.seal(conversation, "external_id", external_id)
    conversation.save(force_insert=True)
    return conversation
