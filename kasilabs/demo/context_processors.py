from django.conf import settings
from django.http import HttpRequest

from kasilabs.demo.scenario import PEOPLE


def sign_ins(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001
    """The people for whom the sign-in page has a button; there is none outside the demo."""
    return {"demo_people": PEOPLE if settings.DEMO else ()}
