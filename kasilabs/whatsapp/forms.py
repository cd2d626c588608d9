from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.configuration.display import Difference
from kasilabs.lib.refusal import Refused
from kasilabs.lib.text import invisible, phones
from kasilabs.whatsapp.models import Instance
from kasilabs.whatsapp.numbers import Settings

PROMPT_LENGTH = 8000


class NumberForm(forms.Form):
    """What people set of a number. Whether number and name are free is for the database to say, in `numbers`."""

    name = forms.CharField(
        label=_("Name"),
        max_length=60,
        validators=[invisible.validate_visible],
        help_text=_("What people here call it, as in Legal Consultations."),
    )
    number = forms.CharField(
        label=_("WhatsApp number"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_("With country code, as in +254 700 000 141."),
    )
    system_prompt = forms.CharField(
        label=_("System prompt"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("What the agent is told before every conversation. At most 8,000 characters."),
    )

    @classmethod
    def for_instance(cls, instance: Instance) -> "NumberForm":
        """Returns the form with the settings of a number."""
        return cls(initial=asdict(Settings.of(instance)))

    def clean_number(self) -> str:
        return phones.parse(self.cleaned_data["number"])

    def clean_system_prompt(self) -> str:
        """Browsers send two characters for the end of a line; one is kept and counted."""
        prompt = str(self.cleaned_data["system_prompt"]).replace("\r\n", "\n")
        MaxLengthValidator(PROMPT_LENGTH)(prompt)
        return prompt

    @property
    def settings(self) -> Settings:
        """What was typed; only after `is_valid`."""
        return Settings(**self.cleaned_data)

    def refuse(self, refused: Refused) -> None:
        """Puts each error of a refusal under its field, and the refusal itself over the form where it names none."""
        for error in refused.errors or ():
            self.add_error(str(error["pointer"]).removeprefix("/"), str(error["message"]))
        if not refused.errors:
            self.add_error(None, str(refused))

    def differences(self, saved: Settings) -> list[Difference]:
        """Returns where what was typed differs from what is saved; only after `is_valid`."""
        mine, theirs = asdict(self.settings), asdict(saved)
        return [
            Difference(str(field.label), theirs[name], mine[name])
            for name, field in self.fields.items()
            if theirs[name] != mine[name]
        ]


class AnswererForm(forms.Form):
    """Somebody who answers the chats of a number."""

    def __init__(self, organization: Organization, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        members = organization.members.select_related("user")
        self.fields["person"] = forms.ModelChoiceField(members, to_field_name="user")
