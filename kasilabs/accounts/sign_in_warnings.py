"""Telling somebody that many wrong passwords were tried for their account.

Who types them learns nothing about the account: a row is written for every address, and a worker looks whose it is.
"""

from datetime import UTC, timedelta

from django.urls import reverse

from kasilabs.accounts.models import SignInWarning, User
from kasilabs.accounts.notices.notify import notify
from kasilabs.accounts.rate_limits import RateLimit, is_within, tally, used
from kasilabs.jobs import bell

WRONG_PASSWORDS = RateLimit("wrong password of account before a warning", 20, timedelta(hours=1))
WARNINGS = RateLimit("warning of account", 1, timedelta(days=1))
KIND = "sign_in_warning"


def count(email: str, client: str) -> None:
    """Counts a wrong password for an address, tried from `client`; asks for a warning once they are too many."""
    if tally(WRONG_PASSWORDS.per(email)) == WRONG_PASSWORDS.amount + 1:
        warning = SignInWarning(email=email, client=client)
        SignInWarning.objects.bulk_create([warning], ignore_conflicts=True)
        bell.ring(warning)


def warn(warning: SignInWarning) -> None:
    """Tells the owner of the account, if there is one, at most once a day."""
    owner = User.objects.filter(email=warning.email, is_active=True).first()
    with warning.finishing():
        SignInWarning.objects.filter(pk=warning.pk).delete()
        if is_within(WARNINGS.per(warning.email)) and owner:
            parameters: dict[str, str | int] = {
                "count": max(used(WRONG_PASSWORDS.per(warning.email)), WRONG_PASSWORDS.amount + 1),
                "time": f"{warning.created.astimezone(UTC):%d %b %Y, %H:%M} UTC",
                "address": warning.client,
            }
            notify(user=owner, kind=KIND, parameters=parameters, link=reverse("account_change_password"))
