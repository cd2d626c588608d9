"""Agent keys: made, rotated, revoked by people and commands; found and checked on every call of an agent.

A number has one current key. Rotating makes a new one and lets the old one live for a day, so that an agent can change
over; a third is never alive. The text of a key is known only in the moment it is made.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit, keyring
from kasilabs.lib.crypto import bearer_keys
from kasilabs.lib.db.compiled import compiled
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp.models import AgentKey, Instance

OVERLAP = timedelta(hours=24)


def live(instance: Instance, now: datetime | None = None) -> QuerySet[AgentKey]:
    """Return the keys that open the door now, the newest first."""
    alive = Q(expires=None) | Q(expires__gt=now or timezone.now())
    return instance.agent_keys.filter(alive, revoked=None).order_by("-id")


def issue(*, instance: Instance, actor: audit.Actor) -> bearer_keys.BearerKey:
    """Make the first key of a number, or one after the last was revoked. Raises Refused when one is alive."""
    with audit.act(actor=actor, action="agent_key.issued", organization=instance.organization) as act:
        _lock(instance)
        if live(instance).exists():
            raise Refused("key_exists", _("This number already has a key. Rotate it to get a new one."))
        return _make(instance, act)


def rotate(*, instance: Instance, actor: audit.Actor, current: UUID | None = None) -> bearer_keys.BearerKey:
    """Make a new key; the old one lives for OVERLAP and one that was old already ends now. Raises Refused.

    `current` is the key the person saw when they asked: a page sent twice rotates once.
    """
    with audit.act(actor=actor, action="agent_key.rotated", organization=instance.organization) as act:
        _lock(instance)
        now = timezone.now()
        alive = list(live(instance, now))
        if current and (not alive or alive[0].id != current):
            raise Refused("key_changed", _("The key was changed meanwhile. Nothing was rotated."))
        _retire(alive, now)
        return _make(instance, act)


def revoke(*, key: AgentKey, actor: audit.Actor) -> None:
    """End a key at once; one that has ended stays as it is."""
    instance = key.instance
    with audit.act(actor=actor, action="agent_key.revoked", organization=instance.organization) as act:
        _lock(instance)
        act.on(instance.public_id, instance.name)
        act.change(before={"key": key.prefix})
        if not live(instance).filter(pk=key.pk).update(revoked=timezone.now()):
            act.nothing()


def find(text: str, now: datetime) -> AgentKey | None:
    """Return the live key that `text` is, with number and organization in the same query, or None for anything else."""
    prefix = bearer_keys.prefix_of(text)
    if prefix is None:
        return None
    key = next(iter(_of_prefix(prefix=prefix)), None)
    mac = bearer_keys.fingerprint(_mac_key(), text)
    if key is None or not bearer_keys.same(mac, key.mac):
        return None
    is_over = key.revoked is not None or (key.expires is not None and key.expires <= now)
    return None if is_over else key


@compiled
def _of_prefix(*, prefix: str) -> QuerySet[AgentKey]:
    bearer_keys = AgentKey.objects.select_related("instance__organization").defer("instance__system_prompt")
    return bearer_keys.filter(prefix=prefix)


def touch(key: AgentKey, today: date) -> None:
    """Note the day a key was last used; writes at most once a day."""
    if key.last_used_on != today:
        AgentKey.objects.filter(pk=key.pk).exclude(last_used_on=today).update(last_used_on=today)


def _lock(instance: Instance) -> None:
    """Let changes of one number's keys wait for each other."""
    Instance.objects.select_for_update().get(pk=instance.pk)


def _make(instance: Instance, act: audit.Act) -> bearer_keys.BearerKey:
    made = bearer_keys.make_agent_key()
    AgentKey.objects.create(instance=instance, prefix=made.prefix, mac=bearer_keys.fingerprint(_mac_key(), made.text))
    act.on(instance.public_id, instance.name)
    act.change(after={"key": made.prefix})
    return made


def _retire(alive: list[AgentKey], now: datetime) -> None:
    for place, key in enumerate(alive):
        key.expires = min(key.expires or now + OVERLAP, now + OVERLAP) if place == 0 else now
    AgentKey.objects.bulk_update(alive, ["expires"])


def _mac_key() -> bytes:
    return keyring.platform_key(keyring.Purpose.AGENT_KEY)
