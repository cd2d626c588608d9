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


class Attention(StrEnum):
    """Why an installation does not do what its owner expects."""

    QUARANTINED = "quarantined"
    NEEDS_CONFIGURATION = "needs_configuration"
    SECRET_UNREADABLE = "secret_unreadable"


@dataclass(frozen=True)
class Setting:
    """One field: its value as text, or for a secret its state; never a secret value."""

    field: Field
    text: str = ""
    is_default: bool = False
    secret: SecretState | None = None


@dataclass(frozen=True)
class Difference:
    """A field that two people gave different values."""

    label: str
    saved: str
    yours: str


def attention_reasons(installation: Installation) -> list[Attention]:
    """Returns what stands in the way of calls, worst first. Reads the secrets' states, not their values."""
    reasons = []
    if installation.version.is_quarantined:
        reasons.append(Attention.QUARANTINED)
    if installation.state == Installation.State.NEEDS_CONFIGURATION:
        reasons.append(Attention.NEEDS_CONFIGURATION)
    if not all(state.is_readable for state in vault.states(installation).values()):
        reasons.append(Attention.SECRET_UNREADABLE)
    return reasons


def settings(schema: ConfigSchema, values: Mapping[str, Any], states: Mapping[str, SecretState]) -> list[Setting]:
    """Returns every field with what it holds now, in the order of the form."""
    present = configuration.effective(schema, values)
    return [
        Setting(field, secret=states.get(field.pointer, NOT_SET))
        if field.is_secret
        else Setting(field, _text(field, present), is_default=field.name in present and field.name not in values)
        for field in schema.fields
    ]


def differences(schema: ConfigSchema, saved: Mapping[str, Any], yours: Mapping[str, Any]) -> list[Difference]:
    """Returns the plain fields in which two configurations differ, with both values as text."""
    left, right = configuration.effective(schema, saved), configuration.effective(schema, yours)
    return [
        Difference(field.title, _text(field, left), _text(field, right))
        for field in schema.plain
        if left.get(field.name) != right.get(field.name)
    ]


def _text(field: Field, values: Mapping[str, Any]) -> str:
    return form_fields.shown(field, values[field.name]) if field.name in values else ""
