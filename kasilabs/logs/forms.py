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
from kasilabs.logs.models import CallState

YEARS = range(2000, 3000)


def _choice(label: Any, choices: Any) -> forms.ChoiceField:
    unknown = _("There is no %(value)s here.")
    return forms.ChoiceField(label=label, choices=choices, required=False, error_messages={"invalid_choice": unknown})


def _moment(label: Any, text: Any) -> forms.DateTimeField:
    wrong = {"invalid": _("This is not a time. Write it as 2026-11-03 14:00 or 2026-11-03T14:00:00Z.")}
    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    return forms.DateTimeField(label=label, help_text=text, required=False, widget=widget, error_messages=wrong)


class FilterForm(forms.Form):
    """The query string of the log, read strictly: what is wrong in it is said in a sentence."""

    since = _moment(_("From"), _("2026-11-03 14:00, in the time zone of this organization"))
    until = _moment(_("Until"), _("The same way; calls at that time are left out"))
    call = forms.CharField(
        label=_("Call id"),
        help_text=_("Opens that call"),
        required=False,
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    status = _choice(_("Outcome"), CallState.choices)
    plugin = forms.CharField(label=_("Plugin"), required=False, max_length=48)
    tool = forms.CharField(label=_("Tool"), required=False, max_length=128)
    number = forms.CharField(label=_("Number"), required=False, max_length=64)
    gate = _choice(_("Gate"), [(gate.value, question) for gate, question in QUESTIONS.items()])
    mode = _choice(_("Mode"), Mode.choices)
    range = _choice(_("Time"), Range.choices)

    def clean_number(self) -> UUID | None:
        return self._id(ids.Prefix.INSTANCE, "number", _("This is not the id of a WhatsApp number."))

    def clean_call(self) -> UUID | None:
        return self._id(ids.Prefix.CALL, "call", _("This is not the id of a call. It begins with call_."))

    def _id(self, prefix: ids.Prefix, name: str, sentence: Any) -> UUID | None:
        text = self.cleaned_data[name]
        found = ids.decode(prefix, text) if text else None
        if text and found is None:
            raise ValidationError(sentence)
        return found

    def clean_since(self) -> dt.datetime | None:
        return _in_reach(self.cleaned_data["since"])

    def clean_until(self) -> dt.datetime | None:
        return _in_reach(self.cleaned_data["until"])

    def clean(self) -> dict[str, Any]:
        """A tool may be given by the name agents use; it says its plugin itself."""
        given = super().clean() or self.cleaned_data
        slug, separator, tool = given.get("tool", "").partition("__")
        if separator and not given.get("plugin"):
            given |= {"plugin": slug.upper(), "tool": tool}
        if given.get("since") and given.get("until") and given["since"] >= given["until"]:
            self.add_error("until", _("This is not after the start."))
        return given

    @property
    def filters(self) -> Filters:
        """Return what was asked for; only once the form is valid."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "call"}
        return Filters(**given)

    @property
    def sentences(self) -> list[str]:
        """Return every error as "Field: sentence"."""
        return [f"{self.fields[name].label}: {sentence}" for name, errors in self.errors.items() for sentence in errors]


def _in_reach(moment: dt.datetime | None) -> dt.datetime | None:
    """Refuse years that no clock of ours shows and no time zone can be computed for."""
    if moment and moment.year not in YEARS:
        raise ValidationError(_("This year is out of reach."))
    return moment
