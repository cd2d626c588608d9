"""What a configuration field takes, in words; read from the same compiled list as the form and the validation."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kasilabs.configuration.schema import MAX_LENGTH, ConfigSchema, Field, FieldKind

KINDS: dict[FieldKind, str | Promise] = {
    FieldKind.STRING: gettext_lazy("Text"),
    FieldKind.EMAIL: gettext_lazy("Email address"),
    FieldKind.URI: gettext_lazy("Web address"),
    FieldKind.CHOICE: gettext_lazy("One of a list"),
    FieldKind.INTEGER: gettext_lazy("Whole number"),
    FieldKind.NUMBER: gettext_lazy("Number"),
    FieldKind.BOOLEAN: gettext_lazy("On or off"),
    FieldKind.SECRET: gettext_lazy("Secret"),
}


@dataclass(frozen=True)
class Described:
    """One field as documents show it. `default` is empty where there is none, `rules` where the kind says it all."""

    field: Field
    kind: str
    rules: str
    default: str


def describe(configuration: ConfigSchema) -> list[Described]:
    """Return the documentation of a configuration, in the order of its form."""
    return [Described(field, str(KINDS[field.kind]), _rules(field), _default(field)) for field in configuration.fields]


def _rules(field: Field) -> str:
    return "; ".join([*_limits(field), *_lengths(field), *_form(field)])


def _default(field: Field) -> str:
    if not field.has_default:
        return ""
    if isinstance(field.default, bool):
        return _("on") if field.default else _("off")
    labels = {choice.value: choice.label for choice in field.choices}
    return str(labels.get(field.default, field.default))


def _limits(field: Field) -> Iterator[str]:
    limits = (
        (field.minimum, _("at least %s")),
        (field.exclusive_minimum, _("more than %s")),
        (field.maximum, _("at most %s")),
        (field.exclusive_maximum, _("less than %s")),
        (field.multiple_of, _("a multiple of %s")),
    )
    return (words % limit for limit, words in limits if limit is not None)


def _lengths(field: Field) -> Iterator[str]:
    if field.min_length:
        shortest = ngettext("at least %(count)s character", "at least %(count)s characters", field.min_length)
        yield shortest % {"count": field.min_length}
    if field.kind in (FieldKind.STRING, FieldKind.SECRET) and field.max_length != MAX_LENGTH:
        longest = ngettext("at most %(count)s character", "at most %(count)s characters", field.max_length)
        yield longest % {"count": field.max_length}


def _form(field: Field) -> Iterator[str]:
    if field.kind is FieldKind.CHOICE:
        yield ", ".join(choice.label for choice in field.choices)
    if field.kind is FieldKind.URI:
        yield _("http or https") if field.allow_http else _("https")
    if field.pattern is not None:
        yield field.pattern_message or _("the form %s") % field.pattern
