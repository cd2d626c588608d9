"""Who may sign in with one click."""

from django.conf import settings
from django.http import HttpRequest

LOOPBACK = {"127.0.0.1", "::1"}


def offers_sign_in(request: HttpRequest) -> bool:
    """Returns whether this is the demo, asked from the machine it runs on: others need the printed passwords."""
    return bool(settings.DEMO) and request.META["REMOTE_ADDR"] in LOOPBACK
