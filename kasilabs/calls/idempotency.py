"""A second call with the same idempotency key: the stored answer, or the reason there is none."""

import hmac
import json

from django.utils import timezone
from django.utils.crypto import constant_time_compare

from kasilabs.accounts import keyring
from kasilabs.calls import results
from kasilabs.calls.results import CallResult
from kasilabs.calls.tool_call import ToolCall
from kasilabs.lib.crypto import fields
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import Call, CallAnswer, CallState
from kasilabs.whatsapp.models import Instance

RETRY_SECONDS = 2


class KeyTaken(Exception):
    """The number has used this idempotency key; `row` is the call that claimed it."""

    def __init__(self, row: Call) -> None:
        super().__init__(row.public_id)
        self.row = row


def index(call: ToolCall) -> str | None:
    """Returns what a key is stored under: agents make keys of message ids, and those may hold a phone number."""
    if call.idempotency_key is None:
        return None
    secret = keyring.organization_key(call.instance.organization_id, keyring.Purpose.HANDLE_INDEX)
    message = f"idempotency:{call.instance.id.hex}:{call.idempotency_key}"
    return hmac.digest(secret, message.encode(), "sha256").hex()


def raise_if_taken(instance: Instance, key_index: str | None) -> None:
    """Raises KeyTaken when a call of this number holds the idempotency key that is stored under this index."""
    row = Call.objects.filter(instance_id=instance.id, idempotency_index=key_index).first() if key_index else None
    if row is not None:
        raise KeyTaken(row)


def replay(row: Call, fingerprint: str) -> CallResult:
    """Returns what the first call got, the same bytes, failures too; else why there is nothing to replay."""
    if not constant_time_compare(row.fingerprint, fingerprint):
        return results.key_reused()
    if row.is_stale(timezone.now()):
        expire_stale_calls()
        row.refresh_from_db()
    if row.state == CallState.OPEN:
        return results.in_progress(row, RETRY_SECONDS)
    if row.state == CallState.LOST:
        return results.lost(row)
    kept = CallAnswer.objects.filter(call=row, expires__gt=timezone.now()).first()
    if kept is None:
        return results.key_expired()
    return results.replayed(row, kept.status, json.loads(fields.reveal(kept, "body")))
