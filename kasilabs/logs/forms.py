import datetime as dt
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kasilabs.lib import ids
from kasilabs.lib.states import Mode
from kasilabs.logs.filters import Filters, Range
from kasilabs.logs.gates import QUESTIONS
from kasilabs.logs.models import Call, CallKind, CallState

YEARS = range(2000, 3000)
"""Beyond these no time zone can be computed."""


def _choice_field(label: Any, choices: Any) -> forms.ChoiceField:
    unknown = _("There is no %(value)s here.")
    return forms.ChoiceField(label=label, choices=choices, required=False, error_messages={"invalid_choice": unknown})


def _time_field(label: Any, help_text: Any) -> forms.DateTimeField:
    invalid = _("This is not a time. Write it as 2026-11-03 14:00 or 2026-11-03T14:00:00Z.")
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.DateTimeField(
        label=label, help_text=help_text, required=False, widget=widget, error_messages={"invalid": invalid}
    )


class FilterForm(forms.Form):
    """The query string of the log, read strictly: what is wrong in it is said in a sentence."""

    since = _time_field(_("From"), _("2026-11-03 14:00, in the time zone of this organization"))
    until = _time_field(_("Until"), _("Written the same way; calls at exactly that time are left out"))
    call = forms.CharField(
        label=_("Call id"),
        help_text=_("Opens that call"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    kind = _choice_field(_("Kind"), CallKind.choices)
    status = _choice_field(_("Outcome"), CallState.choices)
    reason = forms.CharField(label=_("Reason"), required=False, max_length=64)
    plugin = forms.CharField(label=_("Plugin"), required=False, max_length=48)
    tool = forms.CharField(label=_("Tool"), required=False, max_length=128)
    number = forms.CharField(label=_("Number"), required=False, max_length=64)
    gate = _choice_field(_("Gate"), [(gate.value, question) for gate, question in QUESTIONS.items()])
    mode = _choice_field(_("Mode"), Mode.choices)
    range = _choice_field(_("Time"), Range.choices)

    def clean_number(self) -> UUID | None:
        text = self.cleaned_data["number"]
        value = ids.decode(ids.Prefix.INSTANCE, text)
        if text and value is None:
            raise ValidationError(_("This is not the id of a WhatsApp number."))
        return value

    def clean_call(self) -> UUID | None:
        text = self.cleaned_data["call"]
        value = Call.decode_public_id(text)
        if text and value is None:
            raise ValidationError(_("This is not the id of a call. It begins with call_ or brc_."))
        return value

    def clean_since(self) -> dt.datetime | None:
        return self._clean_time("since")

    def clean_until(self) -> dt.datetime | None:
        return self._clean_time("until")

    def _clean_time(self, name: str) -> dt.datetime | None:
        moment: dt.datetime | None = self.cleaned_data[name]
        if moment and moment.year not in YEARS:
            raise ValidationError(_("This year is too far away."))
        return moment

    def clean(self) -> dict[str, Any]:
        """A tool may be given by the name agents use, which says its plugin as well."""
        cleaned = super().clean() or self.cleaned_data
        slug, separator, tool = cleaned.get("tool", "").partition("__")
        if separator and not cleaned.get("plugin"):
            cleaned |= {"plugin": slug.upper(), "tool": tool}
        if cleaned.get("since") and cleaned.get("until") and cleaned["since"] >= cleaned["until"]:
            self.add_error("until", _("This is not after the start."))
        return cleaned

    @property
    def filters(self) -> Filters:
        """What was asked for; only once the form is valid."""
        return Filters(**{name: value for name, value in self.cleaned_data.items() if name != "call"})

    @property
    def sentences(self) -> list[str]:
        """Every error as "Field: sentence"."""
        return [f"{self.fields[name].label}: {sentence}" for name, errors in self.errors.items() for sentence in errors]
