"""Removing a plugin for good."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from grants.changes import removal
from grants.changes.removal import Loss
from installations.lookup import installation_or_404
from kasilabs.accounts.access import MemberRequest, actor, member_required, require
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import shown
from kasilabs.lib.refusal import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.INSTALLATIONS_REMOVE_SANDBOX)
def remove(request: MemberRequest, installation: str) -> HttpResponseBase:
    """Says what a removal takes away, and removes once the plugin's slug has been typed. Live ones need more."""
    found = installation_or_404(request.organization, installation)
    require(request.member, found.removal_permission)
    typed = request.POST.get("typed", "")
    is_right = typed.strip() == found.plugin.slug
    before, status = None, HTTPStatus.OK
    if request.method == "POST" and is_right:
        before = shown.read(request.POST.get(shown.FIELD, ""), Loss) or Loss({}, 0)
        try:
            removal.remove(installation=found, actor=actor(request), seen=before)
        except Refused as refused:
            status = HTTPStatus.CONFLICT
            if refused.code != "changed_meanwhile":
                messages.error(request, str(refused))
                return redirect("installations:list", request.organization.slug)
        else:
            messages.success(request, _("%(plugin)s is removed.") % {"plugin": found.version.name})
            return redirect("installations:list", request.organization.slug)
    elif request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    loss = removal.loss(found)
    context = {
        "installation": found,
        "now": loss,
        "before": before,
        "shown": shown.sign(loss),
        "typed": typed,
        "is_wrong": status == HTTPStatus.UNPROCESSABLE_ENTITY,
    }
    return render(request, "grants/remove.html", context, status=status)
