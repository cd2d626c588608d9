"""Signing in with one click, as anybody of the demo."""

from allauth.account.utils import get_next_redirect_url, perform_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_POST

from kasilabs.accounts.access import open_to_all
from kasilabs.accounts.models import User
from kasilabs.demo.scenario import PEOPLE
from kasilabs.demo.sign_in import offers_sign_in


@require_POST
@open_to_all("It signs people of the demo in without their password, which is printed; there is none outside the demo.")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Signs a person of the demo in. Raises Http404 for everybody else, for other machines, and outside the demo."""
    if not offers_sign_in(request):
        raise Http404
    people = User.objects.filter(email__in=[person.email for person in PEOPLE])
    user = get_object_or_404(people, email=request.POST.get("email", ""))
    answer: HttpResponse = perform_login(request, user, redirect_url=get_next_redirect_url(request))
    return answer
