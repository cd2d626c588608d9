"""The permission matrix and the changes of its cells."""

from dataclasses import replace
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from grants.changes import plugins
from grants.matrix import build as matrices
from grants.matrix import cells_html, forms
from grants.matrix.build import Slot, Word, lines_of
from grants.matrix.filter import Filter
from grants.matrix.forms import CellChange
from grants.models import PluginGrant
from installations.lookup import installation_or_404
from installations.models import Installation
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp.lookup import number_or_404
from kasilabs.whatsapp.models import Instance


@require_safe
@member_required(Permission.GRANTS_VIEW)
def matrix(request: MemberRequest) -> HttpResponse:
    """Show what each number may use."""
    found = matrices.build(request.organization, Filter.of(request.GET))
    pen = cells_html.Pen(may_change=request.member.may(Permission.GRANTS_CHANGE))
    drawn = [pen.draw(group) for group in found.groups]
    return render(request, "grants/matrix.html", {"matrix": found, "groups": drawn})


@require_POST
@member_required(Permission.GRANTS_CHANGE)
def set_cell(request: MemberRequest) -> HttpResponseBase:
    """Turn one tool or permission on or off."""
    change = forms.cell_change(request.POST)
    granted = PluginGrant.objects.with_installation().filter(organization=request.organization, pk=change.grant).first()
    if granted is None:
        return _not_done(request, Refused("not_granted", _("That plugin is not granted to that number any more.")))
    before = matrices.slot(granted.instance, granted.installation)
    try:
        _set(granted, change, request)
    except Refused as refused:
        return _not_done(request, refused)
    return _changed(request, before, granted.installation, change)


def _set(granted: PluginGrant, change: CellChange, request: MemberRequest) -> None:
    who = actor(request)
    if change.is_tool:
        plugins.set_tool(grant=granted, tool=change.name, state=change.state, actor=who)
    else:
        plugins.set_permission(grant=granted, key=change.name, on=change.is_on, actor=who)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.GRANTS_CHANGE)
def grant(request: MemberRequest) -> HttpResponseBase:
    """Grant a plugin to a number at once, or ask first where that would replace its other mode."""
    instance, installation = _pair(request, "grant")
    if request.method != "POST":
        return _ask(request, "grants/grant.html", instance, installation)
    before = matrices.slot(instance, installation)
    if "replace" not in request.POST and before.other is not None:
        return _lead(request, _url(request, "grants:grant", instance, installation))
    try:
        plugins.grant_plugin(
            instance=instance, installation=installation, tools=None, permissions=None, actor=actor(request)
        )
    except Refused as refused:
        return _not_done(request, refused)
    return _changed(request, before, installation)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.GRANTS_CHANGE)
def take_back(request: MemberRequest) -> HttpResponseBase:
    """Ask first, then take a plugin back from a number with all its cells."""
    instance, installation = _pair(request, "take_back")
    if request.method != "POST":
        return _ask(request, "grants/take_back.html", instance, installation)
    plugins.revoke_plugin(instance=instance, installation=installation, actor=actor(request))
    names = {"plugin": installation.version.name, "number": instance.name}
    messages.success(request, _("%(plugin)s is taken back from %(number)s.") % names)
    return redirect(_matrix_url(request, Filter(), cells_html.stem(instance, installation)))


@require_safe
@vary_on_headers("HX-Request")
@member_required(Permission.GRANTS_VIEW)
def installation_access(request: MemberRequest, installation: str) -> HttpResponse:
    """Show the numbers an installation is granted to: a page, and a fragment of the installation's own page."""
    found = installation_or_404(request.organization, installation)
    shown = matrices.build(request.organization, Filter(plugin=found.plugin.slug))
    slots = next((group.slots for group in shown.groups if group.installation == found), [])
    template = "grants/installation_access.html" + ("#access" if request.htmx else "")
    return render(request, template, {"installation": found, "slots": slots})


def _pair(request: MemberRequest, act: str) -> tuple[Instance, Installation]:
    """Find what a button of the matrix names (number:installation), or what the page that asks has in its URL."""
    number, _colon, installation = request.POST.get(act, "").partition(":")
    if request.method != "POST":
        number, installation = request.GET.get("number", ""), request.GET.get("installation", "")
    return number_or_404(request.organization, number), installation_or_404(request.organization, installation)


def _ask(request: MemberRequest, template: str, instance: Instance, installation: Installation) -> HttpResponse:
    slot = matrices.slot(instance, installation)
    return render(request, template, {"slot": slot, "number": instance, "installation": installation})


def _url(request: MemberRequest, route: str, instance: Instance, installation: Installation) -> str:
    page = reverse(route, args=[request.organization.slug])
    return f"{page}?number={instance.public_id}&installation={installation.public_id}"


def _lead(request: MemberRequest, url: str) -> HttpResponseBase:
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


def _matrix_url(request: MemberRequest, back: Filter, anchor: str = "") -> str:
    page = reverse("grants:matrix", args=[request.organization.slug])
    return page + (f"?{back.query}" if back.query else "") + (f"#{anchor}" if anchor else "")


def _back(request: MemberRequest) -> Filter:
    return Filter.of(QueryDict(request.POST.get("back", "")))


def _not_done(request: MemberRequest, refused: Refused) -> HttpResponseBase:
    """Say that somebody else was faster; the page behind is shown again as it is now."""
    if request.htmx:
        answer = HttpResponse(status=HTTPStatus.CONFLICT)
        return trigger_client_event(answer, "toast", {"tone": "bad", "text": str(refused)})
    messages.error(request, str(refused))
    return redirect(_matrix_url(request, _back(request)))


def _changed(
    request: MemberRequest, before: Slot, installation: Installation, change: CellChange | None = None
) -> HttpResponseBase:
    """Answer with the cells that one change has moved: a permission moves the tools that need it."""
    back, instance = _back(request), before.instance
    after = matrices.slot(instance, installation)
    said = _said(after, installation, change)
    if not request.htmx:
        messages.success(request, said)
        anchor = cells_html.stem(instance, installation)
        return redirect(_matrix_url(request, back, f"{anchor}-{_row(installation, change)}" if change else anchor))
    moved = {row for row, words in enumerate(zip(before.words, after.words, strict=True)) if len(set(words)) > 1}
    rows = {*moved, _row(installation, change)} if change else moved
    shown = matrices.build(request.organization, replace(back, number=instance.public_id))
    pen = cells_html.Pen(may_change=True)
    swaps = [pen.swaps(group, rows) for group in shown.groups if group.installation == installation]
    return render(request, "grants/matrix.html#changed", {"swaps": swaps, "said": said})


def _row(installation: Installation, change: CellChange) -> int:
    return next(line.index for line in lines_of(installation.version.manifest) if line.name == change.name)


def _said(slot: Slot, installation: Installation, change: CellChange | None) -> str:
    if change is None:
        names = {"plugin": installation.version.name, "number": slot.instance.name}
        return _("%(plugin)s is granted to %(number)s.") % names
    said = _("%(name)s is on for %(number)s") if change.is_on else _("%(name)s is off for %(number)s")
    if slot.words[_row(installation, change)] is Word.BLOCKED:
        said = _("%(name)s is set for %(number)s, and blocked")
    return said % {"name": change.name, "number": slot.instance.name}
