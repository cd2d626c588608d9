from django.http import HttpRequest

from kasilabs.demo.scenario import PEOPLE
from kasilabs.demo.sign_in import offers_sign_in


def sign_ins(request: HttpRequest) -> dict[str, object]:
    """The people for whom the sign-in page has a button; there is none for other machines, or outside the demo."""
    return {"demo_people": PEOPLE if offers_sign_in(request) else ()}
