"""The form field for each kind of configuration field.

The limits of the schema are left to the schema's validator, so that form, command and documentation say the same
sentence; here they only guide the browser. A pattern never reaches the browser: its engine backtracks.
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

from kasilabs.configuration.display import value_text
from kasilabs.configuration.schema import Field, FieldKind
from kasilabs.lib.documents.strict_json import SAFE_INTEGER

MAX_RADIOS = 4
INTEGER = re.compile(r"-?[0-9]+")
# What browsers send for a number (HTML, "valid floating-point number").
NUMBER = re.compile(r"-?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
ERRORS = {"required": _("Enter a value.")}


class StrictIntegerField(forms.IntegerField):
    """A whole number in ASCII digits. Python reads more as one, such as 1_0 and digits of other scripts."""

    def to_python(self, value: Any) -> int | None:
        _validate_format(self, INTEGER, value)
        return super().to_python(value)


class StrictNumberField(forms.FloatField):
    """A number; a whole one stays whole, so that a person who typed 12 is not shown 12.0."""

    def to_python(self, value: Any) -> float | int | None:  # type: ignore[override]
        _validate_format(self, NUMBER, value)
        number = super().to_python(value)
        return int(number) if number is not None and number.is_integer() and abs(number) <= SAFE_INTEGER else number


def _validate_format(field: forms.Field, pattern: re.Pattern[str], value: Any) -> None:
    if isinstance(value, str) and value.strip() and not pattern.fullmatch(value.strip()):
        raise forms.ValidationError(field.error_messages["invalid"], "invalid")


def form_field(field: Field) -> forms.Field:
    """Returns the form field of a plain (not secret) configuration field."""
    made = _BUILDERS[field.kind](field)
    made.label = field.title
    made.help_text = help_text(field)
    return made


def help_text(field: Field) -> str | SafeString:
    """Returns what the author says, what holds when the field stays empty, and one example."""
    sentences: list[str | Promise] = [field.description]
    if field.has_default and not field.required and field.kind not in {FieldKind.BOOLEAN, FieldKind.CHOICE}:
        sentences.append(_("If you leave it empty, it is %(value)s.") % {"value": value_text(field, field.default)})
    if field.examples and field.kind is not FieldKind.CHOICE:
        sentences.append(_("Example: %(value)s.") % {"value": value_text(field, field.examples[0])})
    text = " ".join(str(sentence) for sentence in sentences if sentence)
    if not field.help_url:
        return text
    link = '{} <a href="{}" rel="noopener noreferrer" target="_blank">{}</a>'
    return format_html(link, text, field.help_url, _("Read more on the plugin's site"))


def _string_field(field: Field) -> forms.Field:
    return forms.CharField(
        required=field.required,
        widget=forms.TextInput({"spellcheck": "false", "autocomplete": "off"} | _text_attributes(field)),
        error_messages=ERRORS,
    )


def _email_field(field: Field) -> forms.Field:
    made = forms.EmailField(
        required=field.required,
        widget=forms.EmailInput({"autocomplete": "off"} | _text_attributes(field)),
        error_messages=ERRORS,
    )
    made.validators = [EmailValidator(_("Use an email address such as name@example.com."))]
    return made


def _uri_field(field: Field) -> forms.Field:
    """Returns a web address field: https only, unless the author allows http. Where it leads is checked at use."""
    if field.allow_http:
        schemes, message = ["https", "http"], _("Use an address such as http://example.com.")
    else:
        schemes = ["https"]
        message = _("Use an address that begins with https://, such as https://example.com.")
    attributes = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
    made = forms.URLField(
        required=field.required,
        assume_scheme="https",
        widget=forms.URLInput(attributes | _text_attributes(field)),
        error_messages=ERRORS | {"invalid": message},
    )
    made.validators = [URLValidator(schemes=schemes, message=message)]
    return made


def _choice_field(field: Field) -> forms.Field:
    """Returns radios or a list. Without a default there is an empty choice, so that nothing is chosen by itself."""
    choices: list[tuple[str, str | Promise]] = [(choice.value, choice.label) for choice in field.choices]
    is_short = len(choices) <= MAX_RADIOS
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


def _integer_field(field: Field) -> forms.Field:
    attributes = {"inputmode": "numeric", "step": field.multiple_of or 1}
    return StrictIntegerField(
        required=field.required,
        widget=forms.NumberInput(attributes | _number_attributes(field)),
        error_messages=ERRORS | {"invalid": _("Use a whole number, such as 20.")},
    )


def _number_field(field: Field) -> forms.Field:
    attributes = {"inputmode": "decimal", "step": field.multiple_of or "any"}
    return StrictNumberField(
        required=field.required,
        widget=forms.NumberInput(attributes | _number_attributes(field)),
        error_messages=ERRORS | {"invalid": _("Use a number, such as 12.5.")},
    )


def _boolean_field(_field: Field) -> forms.Field:
    """Returns a switch that may be off: a schema's `required` means present, a form's would mean ticked."""
    return forms.BooleanField(required=False)


def _text_attributes(field: Field) -> dict[str, Any]:
    attributes = {"maxlength": field.max_length, "placeholder": field.placeholder}
    return {name: value for name, value in attributes.items() if value}


def _number_attributes(field: Field) -> dict[str, Any]:
    attributes = {"min": field.minimum, "max": field.maximum}
    return {name: value for name, value in attributes.items() if value is not None}


_BUILDERS: dict[FieldKind, Callable[[Field], forms.Field]] = {
    FieldKind.STRING: _string_field,
    FieldKind.EMAIL: _email_field,
    FieldKind.URI: _uri_field,
    FieldKind.CHOICE: _choice_field,
    FieldKind.INTEGER: _integer_field,
    FieldKind.NUMBER: _number_field,
    FieldKind.BOOLEAN: _boolean_field,
}
