from django import forms
from django.utils.translation import gettext_lazy as _

from kasilabs.lib.text import invisible
from kasilabs.toolkits.orders.models import OrderState


class SearchForm(forms.Form):
    """The query string of the list, read strictly."""

    q = forms.CharField(label=_("Find an order"), required=False, max_length=64)
    state = forms.ChoiceField(required=False, choices=OrderState.choices)


class ReasonForm(forms.Form):
    """Why somebody cancels or declines."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        validators=[invisible.validate_visible],
        help_text=_("It stands in the audit trail."),
    )
