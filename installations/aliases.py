"""The pseudonym of a customer in one installation.

The alias is an HMAC over the installation and the random id of the customer row, never over a phone number: it
cannot be guessed back (reference: EDPB Guidelines 01/2025 on pseudonymisation). Two installations see two aliases.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from uuid import UUID

from installations.models import CustomerAlias, Installation
from kasilabs.accounts import keyring
from kasilabs.whatsapp import customers

HASH_VERSION = 1
ALIAS_BYTES = 20


def known(installation: Installation, handles: Sequence[customers.Handle]) -> tuple[UUID, str] | None:
    """Return (customer, alias) when every one of these handles leads to the same alias here: one statement."""
    rows = list(
        CustomerAlias.objects.filter(
            customers.matching(handles, "customer__handles__"), installation=installation, hash_version=HASH_VERSION
        ).values_list("customer_id", "alias")
    )
    if len(rows) == len(handles) and len(set(rows)) == 1:
        customer_id, alias = rows[0]
        return customer_id, alias
    return None


def find_or_make(installation: Installation, customer_id: UUID) -> str:
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
