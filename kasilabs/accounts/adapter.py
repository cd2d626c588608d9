"""What allauth does differently here: nobody signs up, links carry the public address, wrong passwords are counted.

Signing in answers alike for an unknown address and a wrong password, and so does asking for a reset link.
"""

from typing import Any, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit, guessing, known_devices, outbox, sign_in
from kasilabs.accounts.models import User
from kasilabs.accounts.rate_limits import LimitReached
from kasilabs.lib.machine_api import request_id

SIGN_IN_FAILED = _("This email address and password do not match.")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Closes sign-up: accounts are created by the members of an organization."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": SIGN_IN_FAILED,
        "invalid_login": SIGN_IN_FAILED,
        "too_many_login_attempts": _("Too many wrong passwords. Wait a few minutes, or set a new password."),
        "too_many_codes": _("Too many wrong codes. Wait a few minutes, then enter the one your app shows."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def clean_email(self, email: str) -> str:
        return email.lower()

    def format_email_subject(self, subject: str) -> str:
        return f"KasiLabs: {subject}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Writes the mail down for a worker to send."""
        mail = self.render_mail(template_prefix, email, {"email": email, **context})
        outbox.enqueue(recipient=email, subject=str(mail.subject), text=str(mail.body))

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:  # noqa: ARG002
        return settings.PUBLIC_URL + reverse("account_confirm_email", args=[emailconfirmation.key])

    def is_safe_url(self, url: str) -> bool:
        """Returns whether somebody may be led there after signing in: an address of ours, and a page a GET opens."""
        try:
            return bool(super().is_safe_url(url)) and sign_in.opens_with_get(url)
        except ValueError:  # An address that is none, such as http://[
            return False

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **details)
        sign_in.tell_unsaved(request, response)
        known_devices.remember(request, response, user)
        return response

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Returns the ways to confirm that it is them, in our words."""
        words = {"reauthenticate": _("With your password"), "mfa_reauthenticate": _("With a code")}
        ways: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        return [{**way, "description": words[way["id"]]} for way in ways]

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Checks a password, unless too many wrong ones were tried: see `guessing`."""
        email = str(credentials.get("email", "")).lower()
        try:
            usage = guessing.count_password(request, email)
        except LimitReached:
            raise self.validation_error("too_many_login_attempts") from None
        user = cast(User | None, super().authenticate(request, **credentials))
        if user:
            usage.undo()
        else:
            guessing.note_wrong_password(request, email)
        return user

    def set_password(self, user: User, password: str) -> None:
        """Lets the session that sets a password sign in with it."""
        super().set_password(user, password)
        guessing.note_password_set(context.request, user)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Changes the address somebody signs in with, once the link sent there was opened."""
        user = User.objects.get(pk=email_address.user_id)
        actor = audit.Actor.person(user, request_id.current(request))
        with audit.act(actor=actor, action="user.email_changed", organization=None) as act:
            is_confirmed: bool = super().confirm_email(request, email_address)
            act.on(user.id.hex, user.name)
            act.change(before={"email": user.email}, after={"email": email_address.email})
            if not is_confirmed:
                act.nothing()
        return is_confirmed
