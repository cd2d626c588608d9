from django import forms
from django.utils.translation import gettext_lazy as _

from kasilabs.lib.text import invisible
from kasilabs.toolkits.payments.models import PaymentState


class SearchForm(forms.Form):
    """The query string of the list, read strictly."""

    q = forms.CharField(label=_("Find a payment"), required=False, max_length=64)
    state = forms.ChoiceField(required=False, choices=[("overdue", _("Overdue")), *PaymentState.choices])


class FailedForm(forms.Form):
    """Why somebody says that no money will arrive."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        validators=[invisible.validate_visible],
        help_text=_("What you know, and from whom. It stands in the audit trail."),
    )


class SettledForm(FailedForm):
    """What somebody has in hand who says that the money has arrived."""

    receipt = forms.CharField(
        label=_("Receipt"),
        max_length=64,
        validators=[invisible.validate_visible],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("The number of the receipt, or what the statement calls this payment."),
    )
    field_order = ("receipt", "reason")
