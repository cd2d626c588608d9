"""How many passwords and codes are checked, so that nobody guesses one and nobody is locked out by somebody else.

Only what was checked and wrong counts: what a limit refuses counts nothing. A browser somebody has signed in with
before has a limit of its own. Everybody else is slowed where they are, and nowhere else.
"""

from datetime import timedelta

from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from kasilabs.accounts import client_address, known_devices
from kasilabs.accounts.models import User
from kasilabs.accounts.notices.notify import notify
from kasilabs.accounts.rate_limits import Quota, RateLimit, Usage, consume, forget, is_within

PASSWORDS_OF_DEVICE = RateLimit("password of person and device", 10, timedelta(minutes=5))
PASSWORDS_FROM_ADDRESS = RateLimit("password of account from address", 5, timedelta(minutes=5))
PASSWORDS_FROM_NETWORK = RateLimit("password of account from network", 20, timedelta(minutes=5))
ANY_PASSWORDS_FROM_ADDRESS = RateLimit("password from address", 30, timedelta(minutes=1))
WRONG_WITHOUT_WARNING = RateLimit("wrong password of account before a warning", 20, timedelta(hours=1))
WARNINGS = RateLimit("warning of account", 1, timedelta(days=1))
CODES_OF_DEVICE = RateLimit("code of person and device", 5, timedelta(minutes=5))
WARNING = "sign_in_warning"
_PASSWORD_WAS_SET = "password_was_set"


def count_password(request: HttpRequest, email: str) -> Usage:
    """Counts a password that is about to be checked; take it back when it was right. Raises LimitReached."""
    user = User.objects.filter(email=email).first()
    device = user and (known_devices.device_id(request, user) or _own_session(request, user))
    if user and device:
        return consume(PASSWORDS_OF_DEVICE.per(user.pk.hex, device))
    from_anybody = ANY_PASSWORDS_FROM_ADDRESS.per(client_address.address(request))
    return consume(*_quotas_of_strangers(request, email), from_anybody)


def note_wrong_password(request: HttpRequest, email: str) -> None:
    """Tells the owner of an account that many were tried, once a day; those that a limit refused count here as well."""
    if is_within(WRONG_WITHOUT_WARNING.per(email)):
        return
    with transaction.atomic():
        if not is_within(WARNINGS.per(email)):
            return
        owner = User.objects.filter(email=email, is_active=True).first()
        if owner:
            parameters = {"address": client_address.address(request)}
            notify(user=owner, kind=WARNING, parameters=parameters, link=reverse("account_change_password"))


def count_code(request: HttpRequest, user: User) -> Usage:
    """Counts a code of the second factor like a password. Raises LimitReached.

    All unknown devices share one limit: who knows the password could guess a code of six digits from many addresses.
    """
    return consume(CODES_OF_DEVICE.per(user.pk.hex, known_devices.device_id(request, user) or "unknown"))


def note_password_set(request: HttpRequest, user: User) -> None:
    """Lets somebody who has set a password sign in with it, however many were tried from where they are."""
    forget(*_quotas_of_strangers(request, user.email))
    request.session[_PASSWORD_WAS_SET] = user.pk.hex


def _own_session(request: HttpRequest, user: User) -> str | None:
    """Returns the key of a session that has shown to be this person's: signed in, or come through the link by mail."""
    is_own = request.user.pk == user.pk or request.session.get(_PASSWORD_WAS_SET) == user.pk.hex
    return request.session.session_key if is_own else None


def _quotas_of_strangers(request: HttpRequest, email: str) -> tuple[Quota, Quota]:
    return (
        PASSWORDS_FROM_ADDRESS.per(email, client_address.address(request)),
        PASSWORDS_FROM_NETWORK.per(email, client_address.network(request)),
    )
