"""A second call with the same idempotency key: the stored answer, or the reason there is none."""

import json

from django.utils import timezone

from kasilabs.accounts import keyring
from kasilabs.calls import results
from kasilabs.lib.crypto import bearer_keys, fields
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.models import Call, CallAnswer, CallState
from kasilabs.whatsapp.models import Instance

RETRY_SECONDS = 2


class Taken(Exception):
    """The number has used this idempotency key; `call` is the row that claimed it."""

    def __init__(self, call: Call) -> None:
        super().__init__(call.public_id)
        self.call = call


def index(instance: Instance, key: str | None) -> str | None:
    """Return what a key is stored under: agents make keys of message ids, and those may hold a phone number."""
    if key is None:
        return None
    secret = keyring.organization_key(instance.organization_id, keyring.Purpose.HANDLE_INDEX)
    return bearer_keys.fingerprint(secret, f"idempotency:{instance.id.hex}:{key}")


def raise_if_taken(instance: Instance, key: str | None) -> None:
    """Raises Taken when a row of this number holds the key."""
    held = index(instance, key)
    call = Call.objects.filter(instance_id=instance.id, idempotency_index=held).first() if held else None
    if call is not None:
        raise Taken(call)


def answer(call: Call, fingerprint: str) -> results.Answer:
    """Return what the first call got; the same bytes, failures too."""
    if not bearer_keys.same(call.fingerprint, fingerprint):
        return results.key_reused()
    if call.state == CallState.OPEN and call.lost_after and call.lost_after < timezone.now():
        expire_stale_calls()
        call.refresh_from_db()
    if call.state == CallState.OPEN:
        return results.in_progress(call.public_id, RETRY_SECONDS)
    if call.state == CallState.LOST:
        return results.lost(call.public_id)
    return _stored(call)


def _stored(call: Call) -> results.Answer:
    kept = CallAnswer.objects.filter(call=call, expires__gt=timezone.now()).first()
    if kept is None:
        return results.key_expired()
    return results.Answer(kept.status, json.loads(fields.reveal(kept, "body")), replayed=True)
