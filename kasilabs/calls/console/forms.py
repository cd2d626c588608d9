"""The form of a test call. What was typed stands again after an error."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grants.install.forms import NOT_OFFERED
from kasilabs.lib.documents import strict_json
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Tool

MOST_INPUT = 64 * 1024
"""Bytes an agent may send."""


class TestCallForm(forms.Form):
    """One test call: as which number, which tool, with what input."""

    input = forms.CharField(
        label=_("Input"),
        strip=False,
        widget=forms.Textarea({"rows": 8, "spellcheck": "false", "autocomplete": "off", "class": "k-paste"}),
        help_text=_("One JSON object, as the agent would send it."),
        error_messages={"required": _("Write a JSON object, such as {}.")},
    )
    field_order = ("number", "tool", "input")

    def __init__(
        self,
        numbers: Sequence[Instance],
        tools: Sequence[Tool],
        initial: Mapping[str, str],
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**initial})
        self.fields["number"] = forms.ChoiceField(
            label=_("Number"),
            choices=[(number.public_id, number.name) for number in numbers],
            help_text=_("The call is made as the agent of this number would make it."),
            error_messages=NOT_OFFERED,
        )
        self.fields["tool"] = forms.ChoiceField(
            widget=forms.HiddenInput, choices=[(tool.name, tool.name) for tool in tools], error_messages=NOT_OFFERED
        )
        self.order_fields(self.field_order)

    def clean_input(self) -> dict[str, Any]:
        raw = self.cleaned_data["input"].encode(errors="replace")
        if len(raw) > MOST_INPUT:
            raise forms.ValidationError(_("This is longer than an agent may send. Use at most 64 KiB."), "too_large")
        try:
            return strict_json.loads(raw)
        except strict_json.NotJson as error:
            sentence = _("%(what)s Look at line %(line)d.") if error.line else "%(what)s"
            params = {"what": error.detail, "line": error.line}
            raise forms.ValidationError(sentence, error.code, params) from error
