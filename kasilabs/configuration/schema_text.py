"""The documentation of a configuration schema, from the same compiled fields as the form and the validation."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kasilabs.configuration.schema import MAX_LENGTH, ConfigSchema, Field, FieldKind

KIND_LABELS: dict[FieldKind, Promise] = {
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
class FieldDescription:
    """One field. `default` is empty where there is none, `rules` where the kind says it all."""

    field: Field
    kind: str
    rules: str
    default: str


def describe(schema: ConfigSchema) -> list[FieldDescription]:
    """Returns the documentation of every field, in the order of the form."""
    return [
        FieldDescription(field, str(KIND_LABELS[field.kind]), "; ".join(_rules(field)), _default(field))
        for field in schema.fields
    ]


def _rules(field: Field) -> Iterator[str]:
    """Yields what a value has to fit: numbers first, then lengths, then the form."""
    limits = (
        (field.minimum, _("at least %s")),
        (field.exclusive_minimum, _("more than %s")),
        (field.maximum, _("at most %s")),
        (field.exclusive_maximum, _("less than %s")),
        (field.multiple_of, _("a multiple of %s")),
    )
    yield from (words % limit for limit, words in limits if limit is not None)
    if least := field.min_length:
        words = ngettext("at least %(count)s character", "at least %(count)s characters", least)
        yield words % {"count": least}
    if field.kind in (FieldKind.STRING, FieldKind.SECRET) and (most := field.max_length) != MAX_LENGTH:
        yield ngettext("at most %(count)s character", "at most %(count)s characters", most) % {"count": most}
    if field.kind is FieldKind.CHOICE:
        yield ", ".join(choice.label for choice in field.choices)
    if field.kind is FieldKind.URI:
        yield _("http or https") if field.allow_http else _("https")
    if field.pattern is not None:
        yield field.pattern_message or _("the form %s") % field.pattern


def _default(field: Field) -> str:
    if not field.has_default:
        return ""
    if isinstance(field.default, bool):
        return _("on") if field.default else _("off")
    labels = {choice.value: choice.label for choice in field.choices}
    return str(labels.get(field.default, field.default))
