"""Keys the platform makes for itself once and keeps sealed in the database; `rotate_keys` re-seals them.

They are read once per process: a stored key never changes.
"""

from functools import partial
from uuid import UUID

from django.db import IntegrityError, transaction

from kasilabs.accounts.models import StoredKey
from kasilabs.lib.crypto import bearer_keys, fields

PLATFORM = "platform"
Purpose = StoredKey.Purpose


def platform_key(purpose: Purpose) -> bytes:
    """Return the platform's key for one use. Raises CannotOpen when the key that sealed it is gone."""
    return _key(PLATFORM, purpose)


def organization_key(organization_id: UUID, purpose: Purpose) -> bytes:
    """Return the key of one organization for one use. Raises CannotOpen."""
    return _key(organization_id.hex, purpose)


MOST_KEYS = 4096
_known: dict[tuple[str, Purpose], bytes] = {}


def _key(scope: str, purpose: Purpose) -> bytes:
    """Return a key, and remember it once its row is there to stay: in a transaction that fails, a new one is lost."""
    known = _known.get((scope, purpose))
    if known is None:
        row = StoredKey.objects.filter(scope=scope, purpose=purpose).first() or _make(scope, purpose)
        known = fields.reveal(row, "value").encode()
        transaction.on_commit(partial(_remember, scope, purpose, known))
    return known


def _remember(scope: str, purpose: Purpose, key: bytes) -> None:
    while len(_known) >= MOST_KEYS:
        _known.pop(next(iter(_known)), None)
    _known[scope, purpose] = key


def _make(scope: str, purpose: Purpose) -> StoredKey:
    row = StoredKey(scope=scope, purpose=purpose)
    fields.seal(row, "value", bearer_keys.random_text(bearer_keys.BASE62, bearer_keys.SECRET_LENGTH))
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return StoredKey.objects.get(scope=scope, purpose=purpose)
    return row


def forget() -> None:
    """Drop what this process has read; for tests, which remove the rows."""
    _known.clear()
