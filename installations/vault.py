"""The vault: secret configuration values go in, and come out for one tool call. Nothing else ever reads them.

A value is bound to organization, installation and field, so a row copied elsewhere does not open there. That a value
cannot be opened is a state people see and mend, never a value: sealed text must not reach a plugin as if it were one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from installations.models import Installation, InstallationSecret
from kasilabs.lib import encrypted
from kasilabs.lib.refusal import Refused
from plugins.config_schema import MIN_SECRET_LENGTH

HINT_LENGTH = 4
HINT_FROM = 20


class Action(StrEnum):
    """What a person decides about one secret. No text in the value itself ever means one of these."""

    KEEP = "keep"
    REPLACE = "replace"
    CLEAR = "clear"


@dataclass(frozen=True)
class SecretChange:
    """One secret to replace or to clear; the new text is in no representation of it."""

    pointer: str
    action: Action
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class SecretState:
    """What may be known about a stored secret: everything but the value, its length included."""

    is_set: bool
    hint: str = ""
    set_by: str = ""
    set_at: datetime | None = None
    is_readable: bool = True

    @property
    def word(self) -> str:
        """Return `set`, `unset` or `unreadable`, as the secret row of a page calls it."""
        if not self.is_set:
            return "unset"
        return "set" if self.is_readable else "unreadable"


NOT_SET = SecretState(is_set=False)


@dataclass(frozen=True, repr=False)
class Opened:
    """Values in clear by pointer, and the pointers of what could not be opened. It has no representation."""

    values: dict[str, str]
    unreadable: tuple[str, ...]


def put(installation: Installation, pointer: str, text: str, *, actor_name: str) -> None:
    """Store a secret in place of the one before; the caller holds the installation's row lock.

    Raises Refused (`too_short`): the guard over plugin answers could not tell a shorter text from chance.
    """
    if len(text) < MIN_SECRET_LENGTH:
        raise Refused("too_short", _("A secret needs at least 8 characters."))
    row = InstallationSecret.objects.filter(installation=installation, pointer=pointer).first()
    row = row or InstallationSecret(
        organization_id=installation.organization_id, installation=installation, pointer=pointer
    )
    encrypted.seal(row, "value", text)
    row.hint = text[-HINT_LENGTH:] if len(text) >= HINT_FROM else ""
    row.set_by, row.set_at = actor_name, timezone.now()
    row.save()


def apply(installation: Installation, changes: Iterable[SecretChange], *, actor_name: str) -> None:
    """Carry out what was decided about secrets. Raises Refused (`too_short`)."""
    for change in changes:
        if change.action is Action.REPLACE:
            put(installation, change.pointer, change.text, actor_name=actor_name)
        elif change.action is Action.CLEAR:
            clear(installation, change.pointer)


def clear(installation: Installation, pointer: str) -> None:
    """Delete a secret; one that is not there is as good as deleted."""
    InstallationSecret.objects.filter(installation=installation, pointer=pointer).delete()


def empty(installation: Installation) -> None:
    """Delete every secret of an installation."""
    InstallationSecret.objects.filter(installation=installation).delete()


def states(installation: Installation) -> dict[str, SecretState]:
    """Tell by pointer what is set and whether it opens; a field without an entry is NOT_SET."""
    return {row.pointer: _state(row) for row in installation.secrets.all()}


def open_rows(rows: Iterable[InstallationSecret]) -> Opened:
    """Open secrets for one call. What does not open is named in `unreadable`; the gate `configuration` refuses then."""
    values: dict[str, str] = {}
    unreadable: list[str] = []
    for row in rows:
        try:
            values[row.pointer] = encrypted.reveal(row, "value")
        except encrypted.CannotOpen:
            unreadable.append(row.pointer)
    return Opened(values, tuple(unreadable))


def _state(row: InstallationSecret) -> SecretState:
    is_readable = not open_rows([row]).unreadable
    return SecretState(True, row.hint, row.set_by, row.set_at, is_readable)
