"""What a page says about a configuration: each setting as text, of a secret its state and never its value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.schema import ConfigSchema, Field, FieldKind
from kasilabs.configuration.secrets import NOT_SET, SecretState
from kasilabs.configuration.values import effective


@dataclass(frozen=True)
class Setting:
    """One field: its value as text, or for a secret its state."""

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


def settings(schema: ConfigSchema, values: Mapping[str, Any], states: Mapping[str, SecretState]) -> list[Setting]:
    """Returns every field with what it holds now, in the order of the form."""
    present = effective(schema, values)
    return [
        Setting(field, secret=states.get(field.pointer, NOT_SET))
        if field.is_secret
        else Setting(field, _text_in(present, field), is_default=field.name in present and field.name not in values)
        for field in schema.fields
    ]


def differences(schema: ConfigSchema, saved: Mapping[str, Any], yours: Mapping[str, Any]) -> list[Difference]:
    """Returns the plain fields in which two configurations differ, with both values as text."""
    left, right = effective(schema, saved), effective(schema, yours)
    return [
        Difference(field.title, _text_in(left, field), _text_in(right, field))
        for field in schema.plain
        if left.get(field.name) != right.get(field.name)
    ]


def value_text(field: Field, value: Any) -> str:
    """Returns a plain value as a person reads it."""
    if field.kind is FieldKind.BOOLEAN:
        return _("On") if value else _("Off")
    labels = {choice.value: choice.label for choice in field.choices}
    return str(labels.get(value, value))


def _text_in(values: Mapping[str, Any], field: Field) -> str:
    return value_text(field, values[field.name]) if field.name in values else ""
