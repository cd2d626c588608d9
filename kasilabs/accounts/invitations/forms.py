from django import forms
from django.contrib.auth.forms import SetPasswordMixin
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Invitation, User
from kasilabs.lib.text import invisible


class CreateAccount(SetPasswordMixin, forms.Form):  # type: ignore[type-arg]  # not generic when it runs
    """The account of somebody new who was invited: the address is settled, name and password are theirs."""

    name = forms.CharField(label=_("Your name"), max_length=80, validators=[invisible.validate_visible])
    password1, password2 = SetPasswordMixin.create_password_fields(
        label1=_("Choose a password"), label2=_("The password again")
    )

    def __init__(self, data: QueryDict | None = None, *, invitation: Invitation) -> None:
        super().__init__(data, initial={"name": invitation.name})
        self.invitation = invitation

    def clean(self) -> None:
        super().clean()
        self.validate_passwords()
        person = User(email=self.invitation.email, name=self.cleaned_data.get("name", ""))
        self.validate_password_for_user(person, "password1")
