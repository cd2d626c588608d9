"""The forms of the install steps. What was typed or ticked stands again after an error."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grants.install import consent
from grants.install.choices import Choice, NumberBox, ToolkitBox
from plugins.manifest.document import Manifest

MOST_INPUT = 64 * 1024
"""Bytes an agent may send (contracts, opening paragraph)."""

NOT_OFFERED = {"invalid_choice": _("One of these is not offered any more. Choose again.")}


class PermissionsForm(forms.Form):
    """Which permissions the plugin gets on the numbers of the next step."""

    def __init__(self, manifest: Manifest, ticked: Sequence[str], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"permissions": ticked})
        self.manifest = manifest
        self.fields["permissions"] = forms.MultipleChoiceField(
            label=_("Permissions"),
            required=False,
            choices=[(asked.key, asked.key) for asked in manifest.permissions],
            error_messages=NOT_OFFERED,
        )

    @property
    def ticked(self) -> list[str]:
        """What is ticked now, sound or not."""
        return list(self["permissions"].value() or ())

    @property
    def boxes(self) -> list[consent.Box]:
        return consent.boxes(self.manifest, self.ticked)


class NumbersForm(forms.Form):
    """Which numbers get the plugin, and which of the toolkits it needs."""

    def __init__(
        self,
        manifest: Manifest,
        choice: Choice,
        initial: Mapping[str, Sequence[str]],
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial={**initial})
        self.manifest = manifest
        self.choice = choice
        self.fields["numbers"] = forms.MultipleChoiceField(
            label=_("Numbers"),
            required=False,
            choices=[(number.public_id, number.name) for number in choice.numbers],
            error_messages=NOT_OFFERED,
        )
        self.fields["toolkits"] = forms.MultipleChoiceField(
            label=_("Toolkits"),
            required=False,
            choices=[(kit.value, kit.value) for kit in choice.toolkits],
            error_messages=NOT_OFFERED,
        )

    @property
    def number_boxes(self) -> list[NumberBox]:
        return self.choice.number_boxes(self["numbers"].value() or ())

    @property
    def toolkit_boxes(self) -> list[ToolkitBox]:
        return self.choice.toolkit_boxes(self["toolkits"].value() or (), self.manifest.required_toolkits)
