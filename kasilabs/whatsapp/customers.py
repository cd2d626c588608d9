"""Customers and conversations: found or made from what the agent sends, in the caller's transaction.

Nothing here looks and then inserts in hope. A unique constraint decides; whoever loses gets IntegrityError, the caller
rolls back and starts over, and then finds the winner's rows.
"""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from kasilabs.accounts import keyring
from kasilabs.accounts.models import Organization
from kasilabs.lib import encrypted, keys
from kasilabs.lib.compiled import compiled
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
        Handle(kind, value, keys.fingerprint(key, f"{kind.value}:{value}")) for kind, value in sent if value is not None
    ]


def matching(found: Sequence[Handle]) -> Q:
    """Return the condition for any of these handles."""
    return reduce(or_, (Q(kind=handle.kind, index=handle.index) for handle in found))


def find_or_make(organization: Organization, wanted: Sequence[Handle]) -> UUID:
    """Return the customer these handles name; make the customer, or link a handle that is new.

    Raises CustomerConflict, and IntegrityError when another process was faster.
    """
    rows = CustomerHandle.objects.filter(matching(wanted), organization=organization).values_list(
        "index", "customer_id"
    )
    known = dict(rows)
    people = set(known.values())
    if len(people) > 1:
        raise CustomerConflict
    customer_id = people.pop() if people else _make(organization)
    CustomerHandle.objects.bulk_create(
        [_row(organization, customer_id, handle) for handle in wanted if handle.index not in known]
    )
    return customer_id


def _make(organization: Organization) -> UUID:
    customer = Customer(organization=organization)
    customer.save(force_insert=True)
    return customer.id


def _row(organization: Organization, customer_id: UUID, handle: Handle) -> CustomerHandle:
    row = CustomerHandle(organization=organization, customer_id=customer_id, kind=handle.kind, index=handle.index)
    encrypted.seal(row, "value", handle.value)
    return row


def phones(customer_id: UUID) -> list[str]:
    """Return the phone numbers of a customer, for the guard of answers alone. Raises CannotOpen."""
    rows = CustomerHandle.objects.filter(customer_id=customer_id, kind=CustomerHandle.Kind.PHONE)
    return [encrypted.reveal(row, "value") for row in rows]


def conversation_index(instance: Instance, external_id: str) -> str:
    """Return what the agent's id of a conversation is stored under."""
    key = keyring.organization_key(instance.organization_id, keyring.Purpose.CONVERSATION_INDEX)
    return hmac.new(key, instance.id.bytes + external_id.encode(), hashlib.sha256).hexdigest()


def find_conversation(instance: Instance, external_id: str) -> Conversation | None:
    """Return the conversation the agent calls `external_id` at this number."""
    found = _conversations(instance=instance.id, index=conversation_index(instance, external_id))
    return next(iter(found), None)


@compiled
def _conversations(*, instance: UUID, index: str) -> QuerySet[Conversation]:
    return Conversation.objects.filter(instance=instance, index=index)


def join(
    conversation: Conversation | None,
    *,
    instance: Instance,
    external_id: str,
    customer_id: UUID | None,
    last_message_at: datetime | None,
) -> Conversation:
    """Make the conversation, or note in it what is new: its first customer, a later message.

    Raises ConversationMismatch when it belongs to somebody else, IntegrityError when another process was faster.
    """
    if conversation is None:
        return _begin(instance, external_id, customer_id, last_message_at)
    if customer_id and conversation.customer_id and conversation.customer_id != customer_id:
        raise ConversationMismatch
    changed = list(_news(conversation, customer_id, last_message_at))
    if changed:
        conversation.save(update_fields=changed)
    return conversation


def _news(conversation: Conversation, customer_id: UUID | None, last_message_at: datetime | None) -> Iterator[str]:
    if customer_id and conversation.customer_id is None:
        conversation.customer_id = customer_id
        yield "customer"
    before = conversation.last_customer_message_at
    if last_message_at and (before is None or before < last_message_at):
        conversation.last_customer_message_at = last_message_at
        yield "last_customer_message_at"


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
    encrypted.seal(conversation, "external_id", external_id)
    conversation.save(force_insert=True)
    return conversation
