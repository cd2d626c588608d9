"""The forms of the install steps. What was typed or ticked stands again after an error."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from grants.install.consent import PermissionOption, permission_options
from grants.install.options import GrantOptions, NumberOption, ToolkitOption
from plugins.manifest.document import Manifest

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
    def permission_options(self) -> list[tuple[PermissionOption, bool]]:
        """What can be ticked, and whether it is."""
        return [(option, option.permission.key in self.ticked) for option in permission_options(self.manifest)]


class NumbersForm(forms.Form):
    """Which numbers get the plugin, and which of the toolkits it needs."""

    def __init__(
        self, options: GrantOptions, initial: Mapping[str, Sequence[str]], data: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial={**initial})
        self.options = options
        self.fields["numbers"] = forms.MultipleChoiceField(
            label=_("Numbers"),
            required=False,
            choices=[(option.number.public_id, option.number.name) for option in options.numbers],
            error_messages=NOT_OFFERED,
        )
        self.fields["toolkits"] = forms.MultipleChoiceField(
            label=_("Toolkits"),
            required=False,
            choices=[(toolkit.value, toolkit.value) for toolkit in options.offered_toolkits],
            error_messages=NOT_OFFERED,
        )

    @property
    def number_options(self) -> list[tuple[NumberOption, bool]]:
        """What can be ticked, and whether it is."""
        ticked = self["numbers"].value() or ()
        return [(option, option.number.public_id in ticked) for option in self.options.numbers]

    @property
    def toolkit_options(self) -> list[tuple[ToolkitOption, bool]]:
        """What is needed, and whether it is ticked."""
        ticked = self["toolkits"].value() or ()
        return [(option, option.toolkit in ticked) for option in self.options.toolkits]
