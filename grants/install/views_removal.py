"""Removing a plugin for good."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grants.changes import removal
from installations.lookup import installation_or_404
from kasilabs.accounts.access import MemberRequest, actor, member_required, require
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.refusal import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.INSTALLATIONS_REMOVE_SANDBOX)
def remove(request: MemberRequest, installation: str) -> HttpResponseBase:
    """Says what a removal takes away, and removes once the plugin's slug has been typed. Live ones need more."""
    found = installation_or_404(request.organization, installation)
    require(request.member, found.removal_permission)
    typed = request.POST.get("typed", "")
    if request.method == "POST" and typed.strip() == found.plugin.slug:
        try:
            removal.remove(installation=found, actor=actor(request))
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("%(plugin)s is removed.") % {"plugin": found.version.name})
        return redirect("installations:list", request.organization.slug)
    is_wrong = request.method == "POST"
    context = {
        "installation": found,
        "affected_numbers": removal.affected_numbers(found),
        "secrets": found.secrets.count(),
        "typed": typed,
        "is_wrong": is_wrong,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_wrong else HTTPStatus.OK
    return render(request, "grants/remove.html", context, status=status)
