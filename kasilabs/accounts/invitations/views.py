from http import HTTPStatus
from typing import cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from kasilabs.accounts.access import PersonRequest, actor, open_to_all, person_required
from kasilabs.accounts.invitations import changes
from kasilabs.accounts.invitations.forms import CreateAccount
from kasilabs.accounts.models import Invitation, User
from kasilabs.lib.machine_api import request_id
from kasilabs.lib.refusal import Refused


@require_safe
@never_cache
@open_to_all("The link in the mail is the proof; joining takes a form.")
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Shows who invites, and the way to join that fits who asks: accept, sign in first, or create an account."""
    invitation = changes.find(token)
    if invitation is None:
        return _over(request)
    return _page(request, token, invitation, CreateAccount(invitation=invitation))


@require_POST
@person_required("The link in the mail is the proof, and the account the person.")
def accept(request: PersonRequest, token: str) -> HttpResponseBase:
    invitation = changes.find(token)
    if invitation is None:
        return _over(request)
    try:
        member = changes.accept(invitation=invitation, user=request.user, actor=actor(request))
    except Refused as refused:
        return _page(request, token, invitation, CreateAccount(invitation=invitation), refusal=str(refused))
    sentence = _("You belong to %(name)s now, as %(role)s.")
    if member.role != invitation.role:
        sentence = _("You belonged to %(name)s already. You stay %(role)s.")
    messages.success(request, sentence % {"name": invitation.organization.name, "role": member.get_role_display()})
    return redirect("overview", invitation.organization.slug)


@require_POST
@open_to_all("Somebody new has no account yet; the link in the mail is the proof.")
def register(request: HttpRequest, token: str) -> HttpResponseBase:
    """Creates the account of somebody new and signs them in."""
    invitation = changes.find(token)
    if invitation is None:
        return _over(request)
    form = CreateAccount(request.POST, invitation=invitation)
    if not form.is_valid():
        return _page(request, token, invitation, form)
    name, password = form.cleaned_data["name"], form.cleaned_data["password1"]
    try:
        user = changes.register(
            invitation=invitation, name=name, password=password, request_id=request_id.current(request)
        )
    except Refused as refused:
        return _page(request, token, invitation, form, refusal=str(refused))
    overview = resolve_url("overview", invitation.organization.slug)
    return cast(HttpResponse, perform_login(request, user, email_verification="none", redirect_url=overview))


def _page(
    request: HttpRequest, token: str, invitation: Invitation, form: CreateAccount, *, refusal: str = ""
) -> HttpResponse:
    user = User.objects.filter(email=invitation.email).first()
    context = {
        "token": token,
        "invitation": invitation,
        "needs_account": changes.needs_account(user),
        "is_theirs": request.user == user,
        "form": form,
        "refusal": refusal,
    }
    is_refused = refusal or form.is_bound
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
    return render(request, "accounts/invitation.html", context, status=status)


def _over(request: HttpRequest) -> HttpResponse:
    """Says the same of a link that never was and of one that is over."""
    return render(request, "accounts/invitation_over.html", status=HTTPStatus.NOT_FOUND)
