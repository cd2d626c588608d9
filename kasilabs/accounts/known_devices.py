"""The browsers somebody has signed in with before: they keep their way in, whatever strangers try elsewhere.

The cookie is signed and names the browser and who has signed in there. It opens nothing; it gives wrong passwords and
codes from this browser a limit of their own.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from kasilabs.accounts.models import User

COOKIE = "known_device"
AGE = timedelta(days=400)
"""Browsers keep no cookie for longer (RFC 6265bis, section 5.5)."""
MOST_PEOPLE = 20
"""How many people one browser is known for; then the one who signed in the longest ago is forgotten."""
_SALT = "kasilabs.accounts.known_devices"


def device_id(request: HttpRequest, user: User) -> str | None:
    """Returns the id of the browser that asks, if this person has signed in there before."""
    device, people = _read(request)
    return device if user.pk.hex in people else None


def device_of(request: HttpRequest, email: str) -> str:
    """Returns the id of the browser that asks, if the person with this address has signed in there before, else "".

    A browser that nobody signed in with costs the same for an address with an account and one without: no look-up.
    """
    device, people = _read(request)
    is_theirs = people and User.objects.filter(pk__in=people, email=email).exists()
    return device if is_theirs else ""


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Makes the browser known for somebody who has just signed in, for AGE from now."""
    device, people = _read(request)
    others = [person for person in people if person != user.pk.hex]
    value = [device or secrets.token_urlsafe(16), [*others, user.pk.hex][-MOST_PEOPLE:]]
    response.set_cookie(
        COOKIE,
        signing.dumps(value, salt=_SALT),
        max_age=AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        device, people = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=AGE)
    except signing.BadSignature:
        return "", []
    return device, people
