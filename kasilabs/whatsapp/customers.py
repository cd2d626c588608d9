"""Customers and conversations: what the agent sends is found or created, in the caller's transaction.

Where two processes create the same row at once, a unique constraint decides. The loser gets IntegrityError; the caller
rolls back and starts over, and then finds the rows of the winner.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import DateTimeField, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest

from kasilabs.accounts import keyring
from kasilabs.accounts.models import Organization
from kasilabs.lib.crypto import fields
from kasilabs.whatsapp.models import Conversation, Customer, CustomerHandle, Instance


class CustomerConflict(Exception):
    """The phone number and the user id belong to two customers."""


class ConversationMismatch(Exception):
    """The conversation already belongs to another customer."""


@dataclass(frozen=True, repr=False)
class Handle:
    """One way a customer is known, with the index it is stored under."""

    kind: CustomerHandle.Kind
    value: str
    index: str


def handles(organization: Organization, *, phone: str | None, user_id: str | None) -> list[Handle]:
    """Returns the handles that the agent sent. Each index is an HMAC with the organization's own key."""
    key = keyring.organization_key(organization.id, keyring.Purpose.HANDLE_INDEX)
    sent = [(CustomerHandle.Kind.PHONE, phone), (CustomerHandle.Kind.USER_ID, user_id)]
    return [
        Handle(kind, value, hmac.digest(key, f"{kind.value}:{value}".encode(), "sha256").hex())
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
    rows = []
    for handle in new:
        row = CustomerHandle(organization=organization, customer_id=customer_id, kind=handle.kind, index=handle.index)
        fields.seal(row, "value", handle.value)
        rows.append(row)
    CustomerHandle.objects.bulk_create(rows)
    return customer_id


def customer_ids(organization: Organization, handle: Handle) -> QuerySet[CustomerHandle, UUID]:
    """Returns the id of the customer an organization knows by a handle, if there is one."""
    known = CustomerHandle.objects.filter(organization=organization, kind=handle.kind, index=handle.index)
    return known.values_list("customer_id", flat=True)


def has_phone(customer: Customer) -> bool:
    return customer.handles.filter(kind=CustomerHandle.Kind.PHONE).exists()


def phones(customer_id: UUID) -> list[str]:
    """Returns the phone numbers of a customer: to hide them, or to ask them to pay. Raises CannotOpen."""
    rows = CustomerHandle.objects.filter(customer_id=customer_id, kind=CustomerHandle.Kind.PHONE)
    return [fields.reveal(row, "value") for row in rows]


def conversation_index(instance: Instance, external_id: str) -> str:
    """Returns the HMAC under which the agent's id of a conversation is stored: it may be a phone number."""
    key = keyring.organization_key(instance.organization_id, keyring.Purpose.CONVERSATION_INDEX)
    return hmac.digest(key, instance.id.bytes + external_id.encode(), "sha256").hex()


def conversations(instance: UUID, index: str) -> QuerySet[Conversation]:
    """Returns the conversation that a number has under an index, if there is one."""
    return Conversation.objects.filter(instance=instance, index=index)


@dataclass(frozen=True)
class KnownConversation:
    """A conversation as it was read before the call."""

    id: UUID
    customer_id: UUID | None
    last_message_at: datetime | None

    def is_before(self, moment: datetime | None) -> bool:
        """Says whether a message at this moment would be the latest."""
        return moment is not None and (self.last_message_at is None or self.last_message_at < moment)


def create_or_update_conversation(
    known: KnownConversation | None,
    *,
    instance: Instance,
    external_id: str,
    customer_id: UUID | None,
    last_message_at: datetime | None,
) -> UUID:
    """Creates the conversation, or writes what is new about it: its first customer, a later message. Returns its id.

    Raises ConversationMismatch when it belongs to another customer, IntegrityError when another process was faster.
    """
    if known is None:
        conversation = Conversation(
            organization_id=instance.organization_id,
            instance=instance,
            index=conversation_index(instance, external_id),
            customer_id=customer_id,
            last_customer_message_at=last_message_at,
        )
        fields.seal(conversation, "external_id", external_id)
        conversation.save(force_insert=True)
        return conversation.id
    if customer_id and known.customer_id and known.customer_id != customer_id:
        raise ConversationMismatch
    row, changes = Conversation.objects.filter(id=known.id), dict[str, Any]()
    if customer_id and known.customer_id is None:
        row, changes = row.filter(customer=None), {"customer": customer_id}
    if last_message_at and known.is_before(last_message_at):
        moment = Value(last_message_at, DateTimeField())
        changes["last_customer_message_at"] = Greatest(Coalesce("last_customer_message_at", moment), moment)
    if changes and not row.update(**changes):
        raise IntegrityError("another process has set the customer of the conversation")
    return known.id
