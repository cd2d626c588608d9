"""The links by mail that set a password, and how somebody signed out asks for one.

To ask is the same work for an address with an account and one without: one row. A worker looks whether there is an
account, so the answer says nothing about it, not even by its time. A stranger who asks and asks fills nobody's mailbox,
and keeps nobody from theirs: what is too much for an account waits and is sent once, and a browser its owner has signed
in with before counts apart.
"""

from datetime import timedelta

from allauth.account import app_settings
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from kasilabs.accounts import client_address, known_devices, outbox
from kasilabs.accounts.models import PasswordLinkRequest, User
from kasilabs.accounts.rate_limits import LimitReached, RateLimit, consume
from kasilabs.jobs import bell

FROM_ADDRESS = RateLimit("password link asked for from address", 10, timedelta(minutes=10))
FROM_NETWORK = RateLimit("password link asked for from network", 60, timedelta(minutes=10))
ON_DEVICE = RateLimit("password link asked for on device", 10, timedelta(minutes=10))
MAILS = RateLimit("password link mailed", 2, timedelta(minutes=30))


def ask(request: HttpRequest, email: str) -> None:
    """Asks for a link to an address; one that is asked for already and waits is not asked for twice.

    Raises LimitReached.
    """
    device = known_devices.device_of(request, email)
    if device:
        consume(ON_DEVICE.per(device))
    else:
        consume(
            FROM_ADDRESS.per(client_address.address(request)),
            FROM_NETWORK.per(client_address.network(request)),
        )
    asked = PasswordLinkRequest(email=email, device=device)
    PasswordLinkRequest.objects.bulk_create([asked], ignore_conflicts=True)
    bell.ring(asked)


def answer(asked: PasswordLinkRequest) -> None:
    """Writes the mail down, if the address has an account. Beyond the limit it waits until there may be another."""
    user = User.objects.filter(email=asked.email, is_active=True).first()
    try:
        with asked.finishing():
            PasswordLinkRequest.objects.filter(pk=asked.pk).delete()
            consume(MAILS.per(asked.email, asked.device))
            if user:
                text = render_to_string("accounts/email/password_link.txt", {"user": user, "link": link(user)})
                outbox.enqueue(recipient=user.email, subject=_("KasiLabs: Set a new password"), text=text)
    except LimitReached as reached:
        asked.finish(again_at=reached.until)


def link(user: User) -> str:
    """Returns the address at which a person sets a password, once and within days.

    It is on PUBLIC_URL: the Host header of whoever asks for a link is not to be trusted.
    """
    token = app_settings.PASSWORD_RESET_TOKEN_GENERATOR().make_token(user)
    key = {"uidb36": user_pk_to_url_str(user), "key": token}
    return settings.PUBLIC_URL + reverse("account_reset_password_from_key", kwargs=key)
