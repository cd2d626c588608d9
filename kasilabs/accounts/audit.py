"""The audit trail: acts of people and commands, chained by HMAC so that a changed or removed entry shows.

    with audit.act(actor=…, organization=…, action="number.suspended") as act:
        act.on(number.public_id, number.name)
        act.change(before={…}, after={…})

The block runs in one transaction. The head of the chain is locked last, after the change itself; several acts that
belong together run inside `together`. The chain of the platform knows which chains there are.
"""

import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, Subquery
from django.utils.crypto import constant_time_compare

from kasilabs.accounts import keyring
from kasilabs.accounts.models import AuditEntry, AuditHead, Organization, User
from kasilabs.lib import ids

PLATFORM = "platform"
CHAIN_BEGUN = "audit.chain_begun"


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


@dataclass(frozen=True)
class _Entry:
    """An entry that is still to be written."""

    act: Act
    actor: Actor
    action: str
    organization: Organization | None
    reason: str = ""

    @property
    def chain(self) -> str:
        return self.organization.id.hex if self.organization else PLATFORM


@contextmanager
def act(*, actor: Actor, action: str, organization: Organization | None, reason: str = "") -> Iterator[Act]:
    """Runs a change and its audit entry in one transaction."""
    with transaction.atomic():
        act = Act()
        yield act
        if act.is_silent:
            return
        entry = _Entry(act, actor, action, organization, reason)
        waiting = _waiting.get()
        if waiting is None:
            _append([entry])
        else:
            waiting.append(entry)


_waiting: ContextVar[list[_Entry] | None] = ContextVar("waiting", default=None)


@contextmanager
def together() -> Iterator[None]:
    """Runs several acts as one transaction: all of them happen or none.

    Their entries are written at the end, chain by chain. Written in between, the first entry would hold the head of the
    chain while the next change waits for a row, and whoever holds that row waits for the head.
    """
    outer, waiting = _waiting.get(), list[_Entry]()
    with transaction.atomic():
        token = _waiting.set(waiting)
        try:
            yield
        finally:
            _waiting.reset(token)
        if outer is not None:
            outer.extend(waiting)
        else:
            _append(waiting)


def _append(entries: list[_Entry]) -> None:
    """Writes entries, chain by chain in one order, so that nobody waits in a circle; that of the platform is last.

    The first entry of an organization's chain is noted in the platform's, which so knows what chains there are.
    """
    beginnings = []
    for entry in sorted((each for each in entries if each.organization), key=attrgetter("chain")):
        seq = _append_to_chain(entry)
        if seq == 1 and entry.organization:
            beginning = Act(target=entry.organization.public_id, target_name=entry.organization.name)
            beginnings.append(_Entry(beginning, entry.actor, CHAIN_BEGUN, organization=None))
    for entry in [*(each for each in entries if not each.organization), *beginnings]:
        _append_to_chain(entry)


def _append_to_chain(entry: _Entry) -> int:
    """Writes one entry, and returns its place in the chain."""
    key = keyring.platform_key(keyring.Purpose.AUDIT_CHAIN)
    AuditHead.objects.bulk_create([AuditHead(chain=entry.chain)], ignore_conflicts=True)
    AuditHead.objects.filter(chain=entry.chain).update(seq=F("seq") + 1)
    head = AuditHead.objects.get(chain=entry.chain)
    row = AuditEntry(
        chain=entry.chain,
        seq=head.seq,
        organization=entry.organization,
        actor_id=entry.actor.user_id,
        actor=entry.actor.name,
        action=entry.action,
        target=entry.act.target,
        target_name=entry.act.target_name,
        before=_storable(entry.act.before),
        after=_storable(entry.act.after),
        reason=entry.reason,
        request_id=entry.actor.request_id,
        created=datetime.now(UTC),
    )
    row.mac = mac(row, previous=head.mac, key=key)
    row.save(force_insert=True)
    AuditHead.objects.filter(chain=entry.chain).update(mac=row.mac)
    return head.seq


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
    """What verifying one chain found.

    `broken_at` is the first link that does not hold: 1 for a chain that is gone, 0 for one that the platform never
    noted the beginning of.
    """

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
    heads = AuditHead.objects.filter(chain=chain)
    head = heads.first() or AuditHead(chain=chain)
    # Head and entries in one statement: what is written meanwhile is in both or in neither.
    entries = AuditEntry.objects.filter(chain=chain).order_by("seq")
    entries = entries.annotate(head_seq=Subquery(heads.values("seq")), head_mac=Subquery(heads.values("mac")))
    previous, count = "", 0
    for entry in entries.iterator():
        count += 1
        head = AuditHead(chain=chain, seq=entry.head_seq or 0, mac=entry.head_mac or "")
        if entry.seq != count or not constant_time_compare(mac(entry, previous=previous, key=key), entry.mac):
            return ChainReport(chain, count, head.mac, broken_at=count)
        previous = entry.mac
    is_whole = head.seq == count and constant_time_compare(head.mac, previous)
    return ChainReport(chain, count, head.mac, broken_at=None if is_whole else count + 1)


def verify_all() -> list[ChainReport]:
    """Verifies every chain that has an entry or a head, or whose beginning the platform's chain has noted."""
    rows = AuditEntry.objects.values_list("chain").union(AuditHead.objects.values_list("chain"))
    there = {chain for (chain,) in rows}
    # Read after the rows: the beginning of a chain is noted together with its first entry.
    beginnings = AuditEntry.objects.filter(chain=PLATFORM, action=CHAIN_BEGUN)
    noted = {_chain_of(target) for target in beginnings.values_list("target", flat=True)}
    reports = []
    for chain in sorted(there | noted):
        report = verify(chain)
        if chain in noted and not report.entries:
            report = replace(report, broken_at=1)
        elif chain not in noted and chain != PLATFORM and report.is_whole:
            report = replace(report, broken_at=0)
        reports.append(report)
    return reports


def _chain_of(organization: str) -> str:
    """Returns the chain of an organization by its public id; what is none stays as it is."""
    found = ids.decode(ids.Prefix.ORGANIZATION, organization)
    return found.hex if found else organization
