from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.forms import ResetPasswordForm
from allauth.core import context, ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import guessing, password_links
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Role
from kasilabs.accounts.rate_limits import LimitReached
from kasilabs.lib.text import invisible


class AddMember(forms.Form):
    """Who is invited, and in which role. The roles offered are those that the acting member may give."""

    email = forms.EmailField(label=_("Email"), max_length=254)
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        validators=[invisible.validate_visible],
        help_text=_("They can change it, and somebody who has an account keeps theirs."),
    )
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, by: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role.value, role.label) for role in by.roles_to_give]
        cast(forms.ChoiceField, self.fields["role"]).choices = choices

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class ChangeRole(forms.Form):
    """The role of one member, and what it `was` on the page: a row of the one form that the table is."""

    role = forms.ChoiceField(choices=Role.choices)
    was = forms.ChoiceField(choices=Role.choices, required=False)

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class AskForPasswordLink(ResetPasswordForm):  # type: ignore[misc]  # allauth has no types
    """Asks for a link that sets a new password; whether the address has an account is not looked at here."""

    def clean_email(self) -> str:
        return str(get_adapter().clean_email(self.cleaned_data["email"]))

    def save(self, request: HttpRequest, **_options: Any) -> str:
        email = str(self.cleaned_data["email"])
        try:
            password_links.ask(request, email)
        except LimitReached as reached:
            too_many = ratelimit.respond_429(request)
            too_many.headers["Retry-After"] = str(reached.retry_after)
            raise ImmediateHttpResponse(too_many) from None
        return email


def _code_field() -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
    return forms.CharField(label=_("Code"), max_length=32, widget=forms.TextInput(attributes))


class LimitedCode(mfa_forms.BaseAuthenticateForm):  # type: ignore[misc]  # allauth has no types
    """Checks a code of the second factor, unless too many wrong ones were tried."""

    code = _code_field()

    def clean_code(self) -> str:
        try:
            usage = guessing.count_code(context.request, self.user)
        except LimitReached:
            raise get_adapter().validation_error("too_many_codes") from None
        code: str = super().clean_code()
        usage.undo()
        return code


class TurnOnSecondFactor(ActivateTOTPForm):  # type: ignore[misc]
    """The first code of an app, which shows that it has the key."""

    code = _code_field()


class EnterCode(LimitedCode, mfa_forms.AuthenticateForm):  # type: ignore[misc]
    """The second step of signing in."""


class EnterCodeAgain(LimitedCode, mfa_forms.ReauthenticateForm):  # type: ignore[misc]
    """The second factor again before a dangerous act."""
