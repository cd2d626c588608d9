"""From one field of a Config Schema to one form field: the table of the configuration reference, and nothing beside it.

The limits of the schema are left to the schema's validator, so that form, command and documents say the same sentence;
here they only guide the browser. A pattern never reaches the browser: its engine backtracks.
"""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.validators import EmailValidator, URLValidator
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kasilabs.configuration.schema import Field, FieldKind
from kasilabs.lib.documents.strict_json import SAFE_INTEGER

MOST_RADIOS = 4
WHOLE = re.compile(r"-?[0-9]+")
NUMBER = re.compile(r"-?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
"""What browsers send for a number (HTML, "valid floating-point number")."""
ERRORS = {"required": _("Enter a value.")}


class WholeNumberField(forms.IntegerField):
    """A whole number in ASCII digits. Python reads more as one, such as 1_0 and digits of other scripts."""

    def to_python(self, value: Any) -> int | None:
        return super().to_python(_in_digits(self, WHOLE, value))


class NumberField(forms.FloatField):
    """A number; a whole one stays whole, so that a person who typed 12 is not shown 12.0."""

    def to_python(self, value: Any) -> float | int | None:  # type: ignore[override]
        number = super().to_python(_in_digits(self, NUMBER, value))
        return int(number) if number is not None and number.is_integer() and abs(number) <= SAFE_INTEGER else number


def _in_digits(field: forms.Field, form: re.Pattern[str], value: Any) -> Any:
    """Return `value` unless it is text of another form. Raises ValidationError."""
    if isinstance(value, str) and value.strip() and not form.fullmatch(value.strip()):
        raise forms.ValidationError(field.error_messages["invalid"], "invalid")
    return value


def form_field(field: Field) -> forms.Field:
    """Return the form field of a plain (not secret) configuration field."""
    made = _MAKERS[field.kind](field)
    made.label = field.title
    made.help_text = help_text(field)
    return made


def help_text(field: Field) -> str | SafeString:
    """Say what the author says, what happens when the field stays empty, and one example."""
    sentences = [field.description, _when_empty(field), _example(field)]
    words = " ".join(str(sentence) for sentence in sentences if sentence)
    if not field.help_url:
        return words
    link = '{} <a href="{}" rel="noopener noreferrer" target="_blank">{}</a>'
    return format_html(link, words, field.help_url, _("Read more on the plugin's site"))


def shown(field: Field, value: Any) -> str:
    """Return a plain value as a person reads it."""
    if field.kind is FieldKind.BOOLEAN:
        return str(_("On") if value else _("Off"))
    labels = {choice.value: choice.label for choice in field.choices}
    return str(labels.get(value, value))


def _when_empty(field: Field) -> str | Promise:
    if field.required or field.kind in {FieldKind.BOOLEAN, FieldKind.CHOICE} or not field.has_default:
        return ""
    return _("Left empty, it is %(value)s.") % {"value": shown(field, field.default)}


def _example(field: Field) -> str | Promise:
    if not field.examples or field.kind is FieldKind.CHOICE:
        return ""
    return _("Example: %(value)s.") % {"value": shown(field, field.examples[0])}


def _text(field: Field) -> forms.Field:
    return forms.CharField(
        required=field.required,
        widget=forms.TextInput({"spellcheck": "false", "autocomplete": "off"} | _lengths(field)),
        error_messages=ERRORS,
    )


def _email(field: Field) -> forms.Field:
    made = forms.EmailField(
        required=field.required,
        widget=forms.EmailInput({"autocomplete": "off"} | _lengths(field)),
        error_messages=ERRORS,
    )
    made.validators = [EmailValidator(_("Use an email address such as name@example.com."))]
    return made


def _address(field: Field) -> forms.Field:
    """Make a web address field: https only, unless the author allows http. Where it leads is checked at use."""
    schemes = ["https", "http"] if field.allow_http else ["https"]
    words = (
        _("Use an address such as http://example.com.")
        if field.allow_http
        else _("Use an address that begins with https://, such as https://example.com.")
    )
    made = forms.URLField(
        required=field.required,
        assume_scheme="https",
        widget=forms.URLInput({"inputmode": "url", "autocomplete": "off", "spellcheck": "false"} | _lengths(field)),
        error_messages=ERRORS | {"invalid": words},
    )
    made.validators = [URLValidator(schemes=schemes, message=words)]
    return made


def _choice(field: Field) -> forms.Field:
    """Make radios or a list. Without a default there is an empty choice, where one can be seen and left."""
    choices: list[tuple[str, str | Promise]] = [(choice.value, choice.label) for choice in field.choices]
    is_short = len(choices) <= MOST_RADIOS
    if not field.required and not field.has_default:
        choices = [("", _("Not set")), *choices]
    elif not is_short and not field.has_default:
        choices = [("", _("Choose one")), *choices]
    return forms.ChoiceField(
        required=field.required,
        choices=choices,
        widget=forms.RadioSelect if is_short else forms.Select,
        error_messages={"required": _("Choose one."), "invalid_choice": _("Choose one of the list.")},
    )


def _integer(field: Field) -> forms.Field:
    return WholeNumberField(
        required=field.required,
        widget=forms.NumberInput({"inputmode": "numeric", "step": field.multiple_of or 1} | _limits(field)),
        error_messages=ERRORS | {"invalid": _("Use a whole number, such as 20.")},
    )


def _number(field: Field) -> forms.Field:
    return NumberField(
        required=field.required,
        widget=forms.NumberInput({"inputmode": "decimal", "step": field.multiple_of or "any"} | _limits(field)),
        error_messages=ERRORS | {"invalid": _("Use a number, such as 12.5.")},
    )


def _switch(field: Field) -> forms.Field:  # noqa: ARG001
    """Make a switch. A schema's `required` means present, a form's would mean ticked; off is an answer."""
    return forms.BooleanField(required=False)


def _lengths(field: Field) -> dict[str, Any]:
    found = {"maxlength": field.max_length, "placeholder": field.placeholder}
    return {name: value for name, value in found.items() if value}


def _limits(field: Field) -> dict[str, Any]:
    found = {"min": field.minimum, "max": field.maximum}
    return {name: value for name, value in found.items() if value is not None}


_MAKERS: dict[FieldKind, Callable[[Field], forms.Field]] = {
    FieldKind.STRING: _text,
    FieldKind.EMAIL: _email,
    FieldKind.URI: _address,
    FieldKind.CHOICE: _choice,
    FieldKind.INTEGER: _integer,
    FieldKind.NUMBER: _number,
    FieldKind.BOOLEAN: _switch,
}
