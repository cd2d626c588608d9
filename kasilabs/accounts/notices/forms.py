from typing import cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import NoticePreference, User
from kasilabs.accounts.notices import kinds


class ChooseMails(forms.Form):
    """Which kinds of notices a person wants by mail as well."""

    mailed = forms.MultipleChoiceField(
        label=_("Tell me by email too"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: QueryDict | None = None, *, user: User) -> None:
        chosen = dict(NoticePreference.objects.filter(user=user).values_list("kind", "is_mailed"))
        mailed = [kind.name for kind in kinds.registered() if chosen.get(kind.name, kind.is_mailed)]
        super().__init__(data, initial={"mailed": mailed})
        self.user = user
        choices = [(kind.name, kind.label) for kind in kinds.registered()]
        cast(forms.MultipleChoiceField, self.fields["mailed"]).choices = choices

    def save(self) -> None:
        """Keeps the choice for every kind there is now; a kind that is added later asks for itself."""
        NoticePreference.objects.bulk_create(
            [
                NoticePreference(user=self.user, kind=kind.name, is_mailed=kind.name in self.cleaned_data["mailed"])
                for kind in kinds.registered()
            ],
            update_conflicts=True,
            unique_fields=["user", "kind"],
            update_fields=["is_mailed"],
        )
