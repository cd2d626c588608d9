"""Keys that the platform makes for itself once and keeps sealed in the database; `rotate_keys` seals them again.

A stored key never changes, so a process reads each one once.
"""

from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.crypto import get_random_string

from kasilabs.accounts.models import StoredKey
from kasilabs.lib.bounded_dict import BoundedDict
from kasilabs.lib.crypto import fields

PLATFORM = "platform"
KEY_LENGTH = 43
"""43 letters and digits carry 256 bits."""

Purpose = StoredKey.Purpose
_cache: BoundedDict[tuple[str, Purpose], bytes] = BoundedDict(4096)


def platform_key(purpose: Purpose) -> bytes:
    """Returns the platform's key for one purpose. Raises CannotOpen when the key that sealed it is gone."""
    return _get_or_create(PLATFORM, purpose)


def organization_key(organization_id: UUID, purpose: Purpose) -> bytes:
    """Returns the key of one organization for one purpose. Raises CannotOpen."""
    return _get_or_create(organization_id.hex, purpose)


def _get_or_create(scope: str, purpose: Purpose) -> bytes:
    key = _cache.get((scope, purpose))
    if key is None:
        row = StoredKey.objects.filter(scope=scope, purpose=purpose).first() or _create(scope, purpose)
        key = fields.reveal(row, "value").encode()
        # A new row is lost when its transaction fails, so the key is remembered only once the row is there to stay.
        transaction.on_commit(partial(_cache.__setitem__, (scope, purpose), key))
    return key


def _create(scope: str, purpose: Purpose) -> StoredKey:
    """Creates the key; when another process is faster, returns the one it made."""
    row = StoredKey(scope=scope, purpose=purpose)
    fields.seal(row, "value", get_random_string(KEY_LENGTH))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return StoredKey.objects.get(scope=scope, purpose=purpose)
    return row


def clear_cache() -> None:
    """Drops what this process has read; for tests, which remove the rows."""
    _cache.clear()
