from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from plugins.manifest.checks.run import MAX_BYTES

MAX_KEPT_LENGTH = 4 * MAX_BYTES
"""Characters: a longer text is not sent back for mending, it is another file altogether."""


class ManifestForm(forms.Form):
    """A manifest, pasted or as a file; exactly one of the two."""

    text = forms.CharField(
        label=_("Manifest"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "autocomplete": "off", "class": "k-paste"}),
        help_text=_("The manifest as JSON, at most 256 KiB."),
    )
    file = forms.FileField(
        label=_("Manifest file"),
        required=False,
        allow_empty_file=False,
        widget=forms.FileInput(attrs={"accept": ".json,application/json"}),
        help_text=_("Instead of pasting it."),
        error_messages={"empty": _("This file is empty. Choose the manifest, a file such as manifest.json.")},
    )

    def clean_file(self) -> "UploadedFile[bytes] | None":
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        size = (file and file.size) or 0
        if size > MAX_BYTES:
            message = _("This file has %(size)s; a manifest has at most 256 KiB.")
            raise forms.ValidationError(message, params={"size": filesizeformat(size)})
        return file

    def clean(self) -> None:
        if self.errors:
            return
        text, file = self.cleaned_data["text"].strip(), self.cleaned_data["file"]
        if file and text:
            self.add_error("file", _("There is a file and a pasted manifest. Keep one of them."))
        elif not (file or text):
            self.add_error("text", _("Paste a manifest, or choose a file."))

    def drop_long_text(self) -> None:
        """Leaves a text out of the page that nobody would mend there, and says so; only after `is_valid`."""
        length = len(self.cleaned_data["text"])
        if length > MAX_KEPT_LENGTH:
            self.data = {**self.data, "text": ""}
            message = _("What you pasted has %(size)s, too much to be kept in this field.")
            self.add_error("text", forms.ValidationError(message, "too_large", {"size": filesizeformat(length)}))

    def raw(self) -> bytes:
        """Returns the manifest as it came; only after `is_valid`."""
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        text: str = self.cleaned_data["text"]
        return file.read() if file else text.encode()
