"""Agent keys: issued, rotated and revoked by people and commands; found and checked on every request of an agent.

A number has one current key. Rotating it makes a new one and lets the old one live for a day, so that an agent can
change over; there is never a third one alive. The text of a key is known only in the moment it is made.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit, keyring
from kasilabs.lib.db.compiled import compiled
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp.models import AgentKey, Instance

OVERLAP = timedelta(hours=24)
BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_FORM = re.compile(rf"kla_([{BASE32}]{{8}})_[A-Za-z0-9]{{43}}")
"""A prefix to look the key up by, and 43 letters and digits that carry 256 bits."""


@dataclass(frozen=True, repr=False)
class NewKey:
    """A key that was just made; its text is shown this once."""

    prefix: str
    text: str


def issue(*, instance: Instance, actor: audit.Actor) -> NewKey:
    """Makes the first key of a number, or one after the last was revoked. Raises Refused when one is alive."""
    with audit.act(actor=actor, action="agent_key.issued", organization=instance.organization) as act:
        _lock(instance)
        if instance.agent_keys.live().exists():
            raise Refused("key_exists", _("This number already has a key. Rotate it to get a new one."))
        return _make(instance, act)


def rotate(*, instance: Instance, actor: audit.Actor, current: UUID | None = None) -> NewKey:
    """Makes a new key; the old one lives for OVERLAP, and one that was old already ends now. Raises Refused.

    `current` is the key the person saw when they asked: a page that is sent twice rotates once.
    """
    with audit.act(actor=actor, action="agent_key.rotated", organization=instance.organization) as act:
        _lock(instance)
        now = timezone.now()
        live = list(instance.agent_keys.live(now))
        if current and (not live or live[0].id != current):
            raise Refused("key_changed", _("Somebody changed the key meanwhile. Nothing was rotated."))
        for key in live[:1]:
            key.expires = min(key.expires or now + OVERLAP, now + OVERLAP)
        for key in live[1:]:
            key.expires = now
        AgentKey.objects.bulk_update(live, ["expires"])
        return _make(instance, act)


@dataclass(frozen=True)
class KeyLoss:
    """What the end of a key means for the agent of its number."""

    is_only_key: bool

    def __str__(self) -> str:
        return str(_("the only key") if self.is_only_key else _("another key keeps working"))


def loss(key: AgentKey) -> KeyLoss:
    """Returns what the end of a key would mean now."""
    return KeyLoss(is_only_key=not key.instance.agent_keys.live().exclude(pk=key.pk).exists())


def revoke(*, key: AgentKey, actor: audit.Actor, seen: KeyLoss | None = None) -> None:
    """Ends a key at once; one that has ended stays as it is.

    Raises Refused (`changed_meanwhile`) when that means something else than the person has `seen`.
    """
    instance = key.instance
    with audit.act(actor=actor, action="agent_key.revoked", organization=instance.organization) as act:
        _lock(instance)
        act.on(instance.public_id, instance.name)
        act.change(before={"key": key.prefix})
        if not instance.agent_keys.live().filter(pk=key.pk).update(revoked=timezone.now()):
            act.nothing()
        elif seen not in (None, loss(key)):
            raise Refused("changed_meanwhile", _("The keys of this number were changed meanwhile."))


def find(text: str, now: datetime) -> AgentKey | None:
    """Returns the live key with this text, with its number and organization, or None for anything else."""
    match = _FORM.fullmatch(text)
    if not match:
        return None
    key = next(iter(_with_prefix(prefix=match[1])), None)
    # The HMAC is computed for an unknown prefix as well: the time it takes tells nothing.
    mac = _mac(text)
    return key if key and constant_time_compare(mac, key.mac) and key.is_live(now) else None


@compiled
def _with_prefix(*, prefix: str) -> QuerySet[AgentKey]:
    keys = AgentKey.objects.select_related("instance__organization").defer("instance__system_prompt")
    return keys.filter(prefix=prefix)


def _lock(instance: Instance) -> None:
    """Lets changes of one number's keys wait for each other."""
    Instance.objects.select_for_update().get(pk=instance.pk)


def _make(instance: Instance, act: audit.Act) -> NewKey:
    prefix = get_random_string(8, BASE32)
    text = f"kla_{prefix}_{get_random_string(43)}"
    AgentKey.objects.create(instance=instance, prefix=prefix, mac=_mac(text))
    act.on(instance.public_id, instance.name)
    act.change(after={"key": prefix})
    return NewKey(prefix, text)


def _mac(text: str) -> str:
    """Returns the HMAC-SHA256 that a key is stored as: the platform checks keys that it cannot show."""
    return hmac.digest(keyring.platform_key(keyring.Purpose.AGENT_KEY), text.encode(), "sha256").hex()
