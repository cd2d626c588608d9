"""The audit trail: acts of people and commands, chained by HMAC so that a changed or removed entry shows.

    with audit.act(actor=…, organization=…, action="number.suspended") as act:
        act.on(number.public_id, number.name)
        act.change(before={…}, after={…})

The block runs in one transaction. The head of the chain is locked last, after the change itself; several acts that
belong together run inside `together`.
"""

import hmac
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare

from kasilabs.accounts import keyring
from kasilabs.accounts.models import AuditEntry, AuditHead, Organization, User

PLATFORM = "platform"


@dataclass(frozen=True)
class Actor:
    """Who acts: a person, or a command on the machine itself."""

    name: str
    user_id: UUID | None = None
    request_id: str = ""

    @classmethod
    def person(cls, user: User, request_id: str = "") -> "Actor":
        return cls(name=user.email, user_id=user.id, request_id=request_id)

    @classmethod
    def command(cls, name: str) -> "Actor":
        return cls(name=f"command:{name}")


@dataclass
class Act:
    """What one act does, collected inside the block. Secrets never belong in it."""

    target: str = ""
    target_name: str = ""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)
    is_silent: bool = False

    def on(self, target: str, name: str) -> None:
        """Names the thing acted on: its public id, and its name as it is now."""
        self.target, self.target_name = target, name

    def change(self, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> None:
        """Notes values before and after; further calls add to them."""
        self.before |= before or {}
        self.after |= after or {}

    def nothing(self) -> None:
        """Says that nothing changed: no entry is written."""
        self.is_silent = True


@contextmanager
def act(*, actor: Actor, action: str, organization: Organization | None, reason: str = "") -> Iterator[Act]:
    """Runs a change and its audit entry in one transaction."""
    with transaction.atomic():
        act = Act()
        yield act
        if act.is_silent:
            return
        write = partial(_append_entry, act, actor=actor, action=action, organization=organization, reason=reason)
        waiting = _waiting.get()
        if waiting is None:
            write()
        else:
            waiting.append((_chain(organization), write))


Waiting = list[tuple[str, Callable[[], None]]]
_waiting: ContextVar[Waiting | None] = ContextVar("waiting", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Runs several acts as one transaction: all of them happen or none.

    Their entries are written at the end, chain by chain. Written in between, the first entry would hold the head of the
    chain while the next change waits for a row, and whoever holds that row waits for the head.
    """
    outer, waiting = _waiting.get(), Waiting()
    with transaction.atomic():
        token = _waiting.set(waiting)
        try:
            yield
        finally:
            _waiting.reset(token)
        if outer is not None:
            outer.extend(waiting)
            return
        for _name, write in sorted(waiting, key=itemgetter(0)):
            write()


def _chain(organization: Organization | None) -> str:
    return organization.id.hex if organization else PLATFORM


def _append_entry(act: Act, *, actor: Actor, action: str, organization: Organization | None, reason: str) -> None:
    chain = _chain(organization)
    key = keyring.platform_key(keyring.Purpose.AUDIT_CHAIN)
    AuditHead.objects.bulk_create([AuditHead(chain=chain)], ignore_conflicts=True)
    AuditHead.objects.filter(chain=chain).update(seq=F("seq") + 1)
    head = AuditHead.objects.get(chain=chain)
    entry = AuditEntry(
        chain=chain,
        seq=head.seq,
        organization=organization,
        actor_id=actor.user_id,
        actor=actor.name,
        action=action,
        target=act.target,
        target_name=act.target_name,
        before=_storable(act.before),
        after=_storable(act.after),
        reason=reason,
        request_id=actor.request_id,
        created=datetime.now(UTC),
    )
    entry.mac = mac(entry, previous=head.mac, key=key)
    entry.save(force_insert=True)
    AuditHead.objects.filter(chain=chain).update(mac=entry.mac)


def _storable(value: Any) -> Any:
    """Returns a JSON value as every database gives it back, or the MAC would not hold for what is read.

    PostgreSQL keeps numbers by value (1e22 comes back without exponent), and takes neither NUL nor half a surrogate.
    """
    if isinstance(value, dict):
        return {_storable(str(name)): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    return value


def mac(entry: AuditEntry, *, previous: str, key: bytes) -> str:
    """Returns HMAC-SHA256 over the row in canonical form, the MAC before it, and its place in the chain."""
    row = {
        "id": entry.id.hex,
        "chain": entry.chain,
        "seq": entry.seq,
        "organization": entry.organization_id.hex if entry.organization_id else None,
        "actor_id": entry.actor_id.hex if entry.actor_id else None,
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "target_name": entry.target_name,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "created": entry.created.astimezone(UTC).isoformat(timespec="microseconds"),
        "previous": previous,
    }
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return hmac.digest(key, canonical.encode(), "sha256").hex()


@dataclass(frozen=True)
class ChainReport:
    """What verifying one chain found; `broken_at` is the first link that does not hold."""

    chain: str
    entries: int
    head: str
    broken_at: int | None

    @property
    def is_whole(self) -> bool:
        return self.broken_at is None


def verify(chain: str) -> ChainReport:
    """Walks a chain and compares every MAC, the count and the head, so that removed last rows are seen too."""
    key = keyring.platform_key(keyring.Purpose.AUDIT_CHAIN)
    head = AuditHead.objects.filter(chain=chain).first() or AuditHead(chain=chain)
    previous, count = "", 0
    for entry in AuditEntry.objects.filter(chain=chain).order_by("seq").iterator():
        count += 1
        if entry.seq != count or not constant_time_compare(mac(entry, previous=previous, key=key), entry.mac):
            return ChainReport(chain, count, head.mac, broken_at=count)
        previous = entry.mac
    is_whole = head.seq == count and constant_time_compare(head.mac, previous)
    return ChainReport(chain, count, head.mac, broken_at=None if is_whole else count + 1)


def verify_all() -> list[ChainReport]:
    """Verifies every chain that has an entry or a head."""
    chains = AuditEntry.objects.values_list("chain").union(AuditHead.objects.values_list("chain"))
    return [verify(chain) for (chain,) in sorted(chains)]
