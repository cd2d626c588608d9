"""The vault: secret values go in, and come out for one tool call. Nothing else ever reads them.

A value is bound to its table, row, organization, owner and field, so a row copied elsewhere does not open there. That a
value cannot be opened is a state people see and mend, never a value: sealed text must not reach a plugin as if it were
one. The vault has no table of its own: an app that has secrets derives a table from `SealedSecret`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.configuration.schema import MIN_SECRET_LENGTH
from kasilabs.configuration.secrets import Action, SecretChange, SecretState
from kasilabs.lib import ids
from kasilabs.lib.crypto import fields
from kasilabs.lib.refusal import Refused

HINT_LENGTH = 4
MIN_LENGTH_FOR_HINT = 20


class SealedSecret(models.Model):
    """One secret value: write-only, sealed, bound to organization, owner and field.

    A concrete table adds the foreign keys `organization` and `owner`, the latter with the related name `secrets`, and
    makes (owner, pointer) unique.
    """

    owner_id: Any

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    pointer = models.CharField(max_length=160)
    value = fields.EncryptedField(bound_to=("organization_id", "owner_id", "pointer"))
    hint = models.CharField(max_length=HINT_LENGTH, blank=True)
    set_by = models.CharField(max_length=254)
    set_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.owner_id}{self.pointer}"


class SecretsOwner(Protocol):
    """A row that has secrets: `secrets` is the related manager of a table derived from SealedSecret."""

    organization_id: UUID

    @property
    def secrets(self) -> Any: ...


@dataclass(frozen=True, repr=False)
class OpenedSecrets:
    """Values in clear by pointer, and the pointers of what could not be opened. It has no representation."""

    values: dict[str, str]
    unreadable: tuple[str, ...]


def put(owner: SecretsOwner, pointer: str, text: str, *, actor_name: str) -> None:
    """Stores a secret in place of the one before; the caller holds the owner's row lock.

    Raises Refused (`too_short`): the guard over plugin answers cannot tell a shorter text from chance.
    """
    if len(text) < MIN_SECRET_LENGTH:
        raise Refused("too_short", _("A secret needs at least 8 characters."))
    row = owner.secrets.filter(pointer=pointer).first()
    if row is None:
        row = owner.secrets.model(organization_id=owner.organization_id, owner=owner, pointer=pointer)
    fields.seal(row, "value", text)
    row.hint = text[-HINT_LENGTH:] if len(text) >= MIN_LENGTH_FOR_HINT else ""
    row.set_by, row.set_at = actor_name, timezone.now()
    row.save()


def apply(owner: SecretsOwner, changes: Iterable[SecretChange], *, actor_name: str) -> None:
    """Carries out decisions about secrets; the caller holds the owner's row lock. Raises Refused (`too_short`)."""
    for change in changes:
        if change.action is Action.REPLACE:
            put(owner, change.pointer, change.text, actor_name=actor_name)
        elif change.action is Action.CLEAR:
            owner.secrets.filter(pointer=change.pointer).delete()


def states(owner: SecretsOwner) -> dict[str, SecretState]:
    """Returns by pointer what is set and whether it opens; a field without an entry is NOT_SET."""
    rows: list[SealedSecret] = list(owner.secrets.all())
    unreadable = open_rows(rows).unreadable
    return {
        row.pointer: SecretState(True, row.hint, row.set_by, row.set_at, is_readable=row.pointer not in unreadable)
        for row in rows
    }


def open_rows(rows: Iterable[SealedSecret]) -> OpenedSecrets:
    """Opens the secrets of one owner for one call.

    What does not open is named in `unreadable`, and the gate `configuration` refuses the call.
    """
    values: dict[str, str] = {}
    unreadable: list[str] = []
    for row in rows:
        try:
            values[row.pointer] = fields.reveal(row, "value")
        except fields.CannotOpen:
            unreadable.append(row.pointer)
    return OpenedSecrets(values, tuple(unreadable))
