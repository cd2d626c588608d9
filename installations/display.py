"""What a page says about an installation: each setting as people read it, and what needs somebody's attention."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from installations.models import Installation
from kasilabs.configuration import form_fields, vault
from kasilabs.configuration import values as configuration
from kasilabs.configuration.schema import ConfigSchema, Field
from kasilabs.configuration.secrets import NOT_SET, SecretState
from plugins.models import Version


class Attention(StrEnum):
    """Why an installation does not do what its owner expects."""

    QUARANTINED = "quarantined"
    NEEDS_CONFIGURATION = "needs_configuration"
    SECRET_UNREADABLE = "secret_unreadable"


@dataclass(frozen=True)
class Setting:
    """One field: its value in words, or for a secret its state; never a secret value."""

    field: Field
    words: str
    is_default: bool
    secret: SecretState | None = None


@dataclass(frozen=True)
class Difference:
    """A field that two people gave different values."""

    label: str
    saved: str
    yours: str


def attention(installation: Installation) -> list[Attention]:
    """Name what stands in the way of calls, worst first. Reads the secrets' states, not their values."""
    found = []
    if installation.version.state == Version.State.QUARANTINED:
        found.append(Attention.QUARANTINED)
    if installation.state == Installation.State.NEEDS_CONFIGURATION:
        found.append(Attention.NEEDS_CONFIGURATION)
    if not all(state.is_readable for state in vault.states(installation).values()):
        found.append(Attention.SECRET_UNREADABLE)
    return found


def settings(schema: ConfigSchema, values: Mapping[str, Any], states: Mapping[str, SecretState]) -> list[Setting]:
    """Return every field with what it holds now, in the order of the form."""
    present = configuration.effective(schema, values)
    return [_setting(field, present, values, states) for field in schema.fields]


def _setting(
    field: Field, present: Mapping[str, Any], values: Mapping[str, Any], states: Mapping[str, SecretState]
) -> Setting:
    if field.is_secret:
        return Setting(field, "", is_default=False, secret=states.get(field.pointer, NOT_SET))
    words = form_fields.shown(field, present[field.name]) if field.name in present else ""
    return Setting(field, words, is_default=field.name in present and field.name not in values)


def differences(schema: ConfigSchema, saved: Mapping[str, Any], yours: Mapping[str, Any]) -> list[Difference]:
    """Return the plain fields in which two configurations differ, both values in words."""
    left, right = (configuration.effective(schema, values) for values in (saved, yours))
    return [
        Difference(field.title, _words(field, left), _words(field, right))
        for field in schema.plain
        if left.get(field.name) != right.get(field.name)
    ]


def _words(field: Field, values: Mapping[str, Any]) -> str:
    return form_fields.shown(field, values[field.name]) if field.name in values else ""
