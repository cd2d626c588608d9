"""Toolkits: installed for the organization, then granted to its numbers."""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from grants.changes import toolkits as changes
from grants.changes.toolkits import ToolkitLoss
from grants.toolkits import overview
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import shown
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.lookup import number_or_404
from kasilabs.whatsapp.models import Instance


@require_safe
@member_required(Permission.GRANTS_VIEW)
def toolkits(request: MemberRequest) -> HttpResponse:
    """Shows what the platform offers, what is installed, and which numbers and plugins use it."""
    return render(
        request, "grants/toolkits.html", {"toolkits": overview.toolkits_of_organization(request.organization)}
    )


@require_POST
@member_required(Permission.TOOLKITS_CHANGE)
def install(request: MemberRequest, toolkit: str) -> HttpResponseBase:
    """Installs a toolkit; no number has it yet."""
    found = _toolkit_or_404(toolkit)
    changes.install(organization=request.organization, toolkit=found, actor=actor(request))
    messages.success(request, _("%(toolkit)s is installed. Grant it to the numbers that need it.") % {"toolkit": found})
    return redirect("grants:toolkits", request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.TOOLKITS_CHANGE)
def remove(request: MemberRequest, toolkit: str) -> HttpResponseBase:
    """Asks first, then removes a toolkit from the organization and from those numbers that the page has named."""
    found = _toolkit_or_404(toolkit)
    before, status = None, HTTPStatus.OK
    if request.method == "POST":
        before = shown.read(request.POST.get(shown.FIELD, ""), ToolkitLoss) or ToolkitLoss(found.value, [])
        try:
            changes.remove(organization=request.organization, toolkit=found, actor=actor(request), seen=before)
        except Refused:
            status = HTTPStatus.CONFLICT
        else:
            messages.success(request, _("%(toolkit)s is removed.") % {"toolkit": found})
            return redirect("grants:toolkits", request.organization.slug)
    usages = overview.toolkits_of_organization(request.organization)
    usage = next(usage for usage in usages if usage.toolkit is found)
    loss = ToolkitLoss(found.value, sorted(usage.numbers))
    context = {"usage": usage, "now": loss, "before": before, "shown": shown.sign(loss)}
    return render(request, "grants/remove_toolkit.html", context, status=status)


@require_safe
@vary_on_headers("HX-Request")
@member_required(Permission.GRANTS_VIEW)
def number_toolkits(request: MemberRequest, number: str) -> HttpResponse:
    """Shows the toolkits of a number: a page, and a fragment of the number's own page."""
    return _number_page(request, number_or_404(request.organization, number))


@require_POST
@member_required(Permission.GRANTS_CHANGE)
def grant(request: MemberRequest, number: str, toolkit: str) -> HttpResponseBase:
    """Grants an installed toolkit to a number."""
    instance, found = number_or_404(request.organization, number), _toolkit_or_404(toolkit)
    try:
        changes.grant(instance=instance, toolkit=found, actor=actor(request))
    except Refused as refused:
        return _answer(request, instance, refusal=str(refused))
    message = _("%(toolkit)s is on for %(number)s") % {"toolkit": found, "number": instance.name}
    return _answer(request, instance, message=message)


@require_POST
@member_required(Permission.GRANTS_CHANGE)
def revoke(request: MemberRequest, number: str, toolkit: str) -> HttpResponseBase:
    """Takes a toolkit back from a number."""
    instance, found = number_or_404(request.organization, number), _toolkit_or_404(toolkit)
    changes.revoke(instance=instance, toolkit=found, actor=actor(request))
    message = _("%(toolkit)s is off for %(number)s") % {"toolkit": found, "number": instance.name}
    return _answer(request, instance, message=message)


def _toolkit_or_404(name: str) -> Toolkit:
    try:
        return Toolkit(name)
    except ValueError:
        raise Http404 from None


def _answer(request: MemberRequest, instance: Instance, *, message: str = "", refusal: str = "") -> HttpResponseBase:
    """Answers with the toolkits as they are now: htmx swaps them in, a form without script is redirected to them."""
    if request.htmx:
        return _number_page(request, instance, message=message, refusal=refusal)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, message)
    return redirect("grants:number_toolkits", request.organization.slug, instance.public_id)


def _number_page(request: MemberRequest, instance: Instance, *, message: str = "", refusal: str = "") -> HttpResponse:
    template = "grants/number_toolkits.html" + ("#toolkits" if request.htmx else "")
    context = {
        "number": instance,
        "toolkits": overview.toolkits_of_number(instance),
        "message": message,
        "refusal": refusal,
    }
    return render(request, template, context)
