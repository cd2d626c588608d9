"""Toolkits: installed for the organization, then granted to its numbers."""

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from grants.changes import toolkits as kits
from grants.toolkits import forms, overview
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.lookup import number_or_404
from kasilabs.whatsapp.models import Instance


@require_safe
@member_required(Permission.GRANTS_VIEW)
def toolkits(request: MemberRequest) -> HttpResponse:
    """Show what the platform offers, what is installed, and which numbers and plugins use it."""
    return render(request, "grants/toolkits.html", {"toolkits": overview.uses(request.organization)})


@require_POST
@member_required(Permission.TOOLKITS_CHANGE)
def install(request: MemberRequest, toolkit: str) -> HttpResponseBase:
    """Install a toolkit; no number has it yet."""
    kit = forms.toolkit_of(toolkit)
    kits.install(organization=request.organization, toolkit=kit, actor=actor(request))
    messages.success(request, _("%(toolkit)s is installed. Grant it to the numbers that need it.") % {"toolkit": kit})
    return redirect("grants:toolkits", request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.TOOLKITS_CHANGE)
def remove(request: MemberRequest, toolkit: str) -> HttpResponseBase:
    """Ask first, then remove a toolkit from the organization and all its numbers."""
    kit = forms.toolkit_of(toolkit)
    if request.method != "POST":
        use = next(use for use in overview.uses(request.organization) if use.toolkit is kit)
        return render(request, "grants/remove_toolkit.html", {"use": use})
    kits.remove(organization=request.organization, toolkit=kit, actor=actor(request))
    messages.success(request, _("%(toolkit)s is removed.") % {"toolkit": kit})
    return redirect("grants:toolkits", request.organization.slug)


@require_safe
@vary_on_headers("HX-Request")
@member_required(Permission.GRANTS_VIEW)
def number_toolkits(request: MemberRequest, number: str) -> HttpResponse:
    """Show the toolkits of a number: a page, and a fragment of the number's own page."""
    return _number_page(request, number_or_404(request.organization, number))


@require_POST
@member_required(Permission.GRANTS_CHANGE)
def grant(request: MemberRequest, number: str, toolkit: str) -> HttpResponseBase:
    """Grant an installed toolkit to a number."""
    instance, kit = number_or_404(request.organization, number), forms.toolkit_of(toolkit)
    try:
        kits.grant(instance=instance, toolkit=kit, actor=actor(request))
    except Refused as refused:
        return _answer(request, instance, refusal=str(refused))
    return _answer(request, instance, _("%(toolkit)s is on for %(number)s") % _names(kit, instance))


@require_POST
@member_required(Permission.GRANTS_CHANGE)
def take_back(request: MemberRequest, number: str, toolkit: str) -> HttpResponseBase:
    """Take a toolkit back from a number."""
    instance, kit = number_or_404(request.organization, number), forms.toolkit_of(toolkit)
    kits.ungrant(instance=instance, toolkit=kit, actor=actor(request))
    return _answer(request, instance, _("%(toolkit)s is off for %(number)s") % _names(kit, instance))


def _names(toolkit: Toolkit, instance: Instance) -> dict[str, str]:
    return {"toolkit": toolkit.value, "number": instance.name}


def _answer(request: MemberRequest, instance: Instance, said: str = "", *, refusal: str = "") -> HttpResponseBase:
    if request.htmx:
        return _number_page(request, instance, said=said, refusal=refusal)
    if refusal:
        messages.error(request, refusal)
    else:
        messages.success(request, said)
    return redirect("grants:number_toolkits", request.organization.slug, instance.public_id)


def _number_page(request: MemberRequest, instance: Instance, *, said: str = "", refusal: str = "") -> HttpResponse:
    template = "grants/number_toolkits.html" + ("#toolkits" if request.htmx else "")
    context = {"number": instance, "toolkits": overview.on_number(instance), "said": said, "refusal": refusal}
    return render(request, template, context)
