"""The pseudonym of a customer in one installation.

The alias is an HMAC over the installation and the random id of the customer row, never over a phone number: it
cannot be guessed back (reference: EDPB Guidelines 01/2025 on pseudonymisation). Two installations see two aliases.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from installations.models import CustomerAlias, Installation
from kasilabs.accounts import keyring

HASH_VERSION = 1
ALIAS_BYTES = 20


def led_to(organization: UUID, installation: UUID, indexes: Mapping[str, str | None]) -> QuerySet[CustomerAlias]:
    """Select the alias here of each customer that one of these handles, by kind, leads to."""
    any_of = [
        Q(customer__handles__kind=kind, customer__handles__index=index) for kind, index in indexes.items() if index
    ]
    return CustomerAlias.objects.filter(
        reduce(or_, any_of),
        customer__handles__organization=organization,
        installation=installation,
        hash_version=HASH_VERSION,
    )


def get_or_create(installation: Installation, customer_id: UUID) -> str:
    """Return the alias of a customer here, writing its row when there is none yet.

    It is derived, so two processes that make it at once write the same row, and the second write does nothing.
    """
    alias = derive(installation, customer_id)
    row = CustomerAlias(
        organization_id=installation.organization_id,
        installation=installation,
        customer_id=customer_id,
        hash_version=HASH_VERSION,
        alias=alias,
    )
    CustomerAlias.objects.bulk_create([row], ignore_conflicts=True)
    return alias


def derive(installation: Installation, customer_id: UUID) -> str:
    """Return ``cus_`` and 32 base32 characters of HMAC-SHA256 with the organization's own key."""
    key = keyring.organization_key(installation.organization_id, keyring.Purpose.ALIAS)
    message = b"alias:1:" + installation.id.bytes + customer_id.bytes
    digest = hmac.new(key, message, hashlib.sha256).digest()[:ALIAS_BYTES]
    return f"cus_{base64.b32encode(digest).decode().lower()}"
