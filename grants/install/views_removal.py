"""Removing a plugin for good."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grants.changes import removal
from installations.lookup import installation_or_404
from installations.models import Installation
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.refusal import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.INSTALLATIONS_REMOVE)
def remove(request: MemberRequest, installation: str) -> HttpResponseBase:
    """Say what a removal takes away, and remove once the plugin's slug has been typed."""
    found = installation_or_404(request.organization, installation)
    if request.method != "POST":
        return _ask(request, found)
    if request.POST.get("typed", "").strip() != found.plugin.slug:
        return _ask(request, found, is_wrong=True)
    try:
        removal.remove(installation=found, actor=actor(request))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("%(plugin)s is removed.") % {"plugin": found.version.name})
    return redirect("installations:list", request.organization.slug)


def _ask(request: MemberRequest, found: Installation, *, is_wrong: bool = False) -> HttpResponse:
    context = {
        "installation": found,
        "losses": removal.losses(found),
        "secrets": found.secrets.count(),
        "typed": request.POST.get("typed", ""),
        "is_wrong": is_wrong,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return render(request, "grants/remove.html", context, status=status)
