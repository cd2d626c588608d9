"""How many passwords and codes are checked, so that nobody guesses one and nobody is locked out by somebody else.

Only what was checked and wrong counts: what a limit refuses counts nothing. A browser somebody has signed in with
before has a limit of its own, which nobody else can use up. Everybody else is slowed where they are. Only when very
many places try one account at once does every unknown device wait.
"""

from datetime import timedelta

from django.http import HttpRequest

from kasilabs.accounts import client_address, known_devices, sign_in_warnings
from kasilabs.accounts.models import User
from kasilabs.accounts.rate_limits import LimitReached, Quota, RateLimit, Usage, consume, forget

PASSWORDS_OF_DEVICE = RateLimit("password of person and device", 10, timedelta(minutes=5))
PASSWORDS_FROM_ADDRESS = RateLimit("password of account from address", 5, timedelta(minutes=5))
PASSWORDS_FROM_NETWORK = RateLimit("password of account from network", 20, timedelta(minutes=5))
PASSWORDS_FROM_UNKNOWN_DEVICES = RateLimit("password of account from unknown devices", 300, timedelta(minutes=5))
ANY_PASSWORDS_FROM_ADDRESS = RateLimit("password from address", 30, timedelta(minutes=1))
ANY_PASSWORDS_FROM_NETWORK = RateLimit("password from network", 120, timedelta(minutes=1))
CODES_OF_DEVICE = RateLimit("code of person and device", 5, timedelta(minutes=5))
_PASSWORD_WAS_SET = "password_was_set"


def count_password(request: HttpRequest, email: str) -> Usage:
    """Counts a password that is about to be checked; take it back when it was right. Raises LimitReached."""
    device = known_devices.device_of(request, email) or _own_session(request, email)
    if device:
        of_account = [PASSWORDS_OF_DEVICE.per(email, device)]
        from_anybody = []
    else:
        of_account = _quotas_of_strangers(request, email)
        from_anybody = [
            ANY_PASSWORDS_FROM_ADDRESS.per(client_address.address(request)),
            ANY_PASSWORDS_FROM_NETWORK.per(client_address.network(request)),
        ]
    try:
        # Theirs first: who tries ever other accounts makes no more rows than these limits let through.
        return consume(*from_anybody, *of_account)
    except LimitReached as reached:
        if reached.quota in of_account:
            note_wrong_password(request, email)
        raise


def note_wrong_password(request: HttpRequest, email: str) -> None:
    """Counts a wrong password, or one that a limit of the account refused, towards the warning of its owner."""
    sign_in_warnings.count(email, client_address.address(request))


def count_code(request: HttpRequest, user: User) -> Usage:
    """Counts a code of the second factor like a password. Raises LimitReached.

    All unknown devices share one limit: who knows the password could guess a code of six digits from many addresses.
    """
    return consume(CODES_OF_DEVICE.per(user.pk.hex, known_devices.device_id(request, user) or "unknown"))


def note_password_set(request: HttpRequest, user: User) -> None:
    """Lets somebody who has set a password sign in with it, however many were tried from where they are."""
    forget(*_quotas_of_strangers(request, user.email))
    request.session[_PASSWORD_WAS_SET] = user.email


def _own_session(request: HttpRequest, email: str) -> str:
    """Returns the key of a session that has shown to be this person's: signed in, or come through the link by mail."""
    is_signed_in = request.user.is_authenticated and request.user.email == email
    is_own = is_signed_in or request.session.get(_PASSWORD_WAS_SET) == email
    return request.session.session_key or "" if is_own else ""


def _quotas_of_strangers(request: HttpRequest, email: str) -> list[Quota]:
    return [
        PASSWORDS_FROM_ADDRESS.per(email, client_address.address(request)),
        PASSWORDS_FROM_NETWORK.per(email, client_address.network(request)),
        PASSWORDS_FROM_UNKNOWN_DEVICES.per(email),
    ]
