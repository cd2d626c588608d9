"""The pseudonym under which a plugin sees a customer of an organization, in one mode.

The alias is an HMAC over plugin, mode and the random id of the customer row, never over a phone number: it cannot be
guessed back (reference: EDPB Guidelines 01/2025 on pseudonymisation). It does not depend on the installation, so a
plugin that is installed anew or upgraded knows its customers again; only erasing the customer ends it. Two plugins, the
two modes of one plugin, and two organizations see different aliases.
"""

import base64
import hashlib
import hmac
import re
from uuid import UUID

from django.db.models import QuerySet

from installations.models import ALIAS_HASH_VERSION, CustomerAlias, Installation
from kasilabs.accounts import keyring
from kasilabs.accounts.models import Organization
from kasilabs.lib.db.compiled import compiled
from kasilabs.whatsapp.models import Customer

ALIAS_BYTES = 20
_ALIAS = re.compile(r"cus_[a-z2-7]{32}")


def get_or_create(installation: Installation, customer_id: UUID) -> str:
    """Returns the alias of a customer for the plugin of an installation, and writes its row if there is none yet.

    The alias is derived, so two processes that create it at once write the same row, and the second write does nothing.
    """
    alias = derive_alias(installation, customer_id)
    row = CustomerAlias(
        organization_id=installation.organization_id,
        plugin_id=installation.plugin_id,
        mode=installation.mode,
        customer_id=customer_id,
        hash_version=ALIAS_HASH_VERSION,
        alias=alias,
    )
    CustomerAlias.objects.bulk_create([row], ignore_conflicts=True)
    return alias


def derive_alias(installation: Installation, customer_id: UUID) -> str:
    """Returns ``cus_`` and 32 base32 characters of HMAC-SHA256 with the organization's own key."""
    key = keyring.organization_key(installation.organization_id, keyring.Purpose.ALIAS)
    message = b"alias:1:" + installation.plugin_id.bytes + installation.mode.encode() + b":" + customer_id.bytes
    digest = hmac.new(key, message, hashlib.sha256).digest()[:ALIAS_BYTES]
    return f"cus_{base64.b32encode(digest).decode().lower()}"


def find(organization: Organization, alias: str) -> CustomerAlias | None:
    """Returns an alias of a customer of this organization, whichever plugin knows them by it."""
    if not _ALIAS.fullmatch(alias):
        return None
    return CustomerAlias.objects.select_related("customer").filter(organization=organization, alias=alias).first()


def find_customer(installation: Installation, alias: str) -> Customer | None:
    """Returns the customer whom the plugin of an installation knows by this alias; None for anybody else's alias."""
    if not _ALIAS.fullmatch(alias):
        return None
    found = _aliases(
        organization=installation.organization_id, plugin=installation.plugin_id, mode=installation.mode, alias=alias
    )
    return found[0].customer if found else None


@compiled
def _aliases(*, organization: UUID, plugin: UUID, mode: str, alias: str) -> QuerySet[CustomerAlias]:
    rows = CustomerAlias.objects.filter(organization=organization, plugin=plugin, mode=mode, alias=alias)
    return rows.select_related("customer")
