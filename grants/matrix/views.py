"""The permission matrix and the changes of its cells."""

from collections.abc import Collection
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
from grants.changes.plugins import GrantContents
from grants.decision.context import GrantedPlugin
from grants.matrix.build import CellState, NumberAccess, build_matrix, load_access, matrix_rows
from grants.matrix.cells_html import CellRenderer, cell_id, header_id
from grants.matrix.filter import MatrixFilter
from grants.matrix.needs import find_missing
from grants.matrix.params import CellChange
from grants.models import PluginGrant
from installations.lookup import installation_or_404
from installations.models import Installation
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import shown
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp.lookup import number_or_404
from kasilabs.whatsapp.models import Instance


@require_safe
@member_required(Permission.GRANTS_VIEW)
def matrix(request: MemberRequest) -> HttpResponse:
    """Shows what each number may use."""
    found = build_matrix(request.organization, MatrixFilter.from_query(request.GET))
    renderer = CellRenderer(may_change=request.member.may(Permission.GRANTS_CHANGE))
    groups = [renderer.render_group(group) for group in found.groups]
    return render(request, "grants/matrix.html", {"matrix": found, "groups": groups})


@require_POST
@member_required(Permission.GRANTS_CHANGE)
def set_cell(request: MemberRequest) -> HttpResponseBase:
    """Turns one tool or permission on or off."""
    change = CellChange.from_post(request.POST)
    grants = PluginGrant.objects.with_installation().filter(organization=request.organization)
    grant = grants.filter(pk=change.grant).first()
    if grant is None:
        return _refused(request, _("That plugin is not granted to that number any more."))
    before = load_access(grant.instance, grant.installation)
    try:
        if change.is_tool:
            plugins.set_tool(grant=grant, tool=change.name, state=change.state, actor=actor(request))
        else:
            plugins.set_permission(grant=grant, key=change.name, on=change.is_on, actor=actor(request))
    except Refused as refused:
        return _refused(request, str(refused))
    after = load_access(grant.instance, grant.installation)
    message = _("%(name)s is on for %(number)s") if change.is_on else _("%(name)s is off for %(number)s")
    if after.cells.get(change.name) is CellState.BLOCKED:
        message = _("%(name)s is turned on for %(number)s, but still blocked")
    rows = matrix_rows(grant.installation.version.manifest)
    label = next((row.label for row in rows if row.name == change.name), change.name)
    message %= {"name": label, "number": grant.instance.name}
    # A permission moves the tools that need it, too.
    moved = {name for name, state in after.cells.items() if state is not before.cells[name]}
    return _changed(request, after, moved | {change.name}, message, clicked=change.name)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.GRANTS_CHANGE)
def grant(request: MemberRequest) -> HttpResponseBase:
    """Grants a plugin to a number at once, or asks first where that would replace its other mode."""
    instance, installation = _number_and_installation(request, "grant")
    access = load_access(instance, installation)
    if request.method != "POST":
        return _confirm_page(request, "grants/grant.html", access, access.other_mode)
    seen = shown.read(request.POST.get(shown.FIELD, ""), GrantContents)
    if access.other_mode is not None and seen is None:
        page = reverse("grants:grant", args=[request.organization.slug])
        url = f"{page}?number={instance.public_id}&installation={installation.public_id}"
        return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
    try:
        plugins.grant_plugin(
            instance=instance,
            installation=installation,
            tools=None,
            permissions=None,
            actor=actor(request),
            replacing=seen or GrantContents(),
        )
    except Refused as refused:
        if refused.code == "changed_meanwhile" and seen:
            access = load_access(instance, installation)
            return _confirm_page(request, "grants/grant.html", access, access.other_mode, before=seen)
        return _refused(request, str(refused))
    after = load_access(instance, installation)
    moved = {name for name, state in after.cells.items() if state is not access.cells[name]}
    names = {"plugin": installation.version.name, "number": instance.name}
    return _changed(request, after, moved, _("%(plugin)s is granted to %(number)s.") % names)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.GRANTS_CHANGE)
def revoke(request: MemberRequest) -> HttpResponseBase:
    """Asks first, then takes a plugin back from a number with all its cells: those the page has named."""
    instance, installation = _number_and_installation(request, "take_back")
    access = load_access(instance, installation)
    if request.method != "POST":
        return _confirm_page(request, "grants/revoke.html", access, access.grant)
    seen = shown.read(request.POST.get(shown.FIELD, ""), GrantContents) or GrantContents()
    try:
        plugins.revoke_plugin(instance=instance, installation=installation, actor=actor(request), seen=seen)
    except Refused:
        access = load_access(instance, installation)
        return _confirm_page(request, "grants/revoke.html", access, access.grant, before=seen)
    names = {"plugin": installation.version.name, "number": instance.name}
    messages.success(request, _("%(plugin)s is taken back from %(number)s.") % names)
    return redirect(_matrix_url(request, MatrixFilter(), header_id(instance, installation)))


@require_safe
@vary_on_headers("HX-Request")
@member_required(Permission.GRANTS_VIEW)
def installation_access(request: MemberRequest, installation: str) -> HttpResponse:
    """Shows the numbers an installation is granted to: a page, and a fragment of the installation's own page."""
    found = installation_or_404(request.organization, installation)
    groups = build_matrix(request.organization, MatrixFilter(plugin=found.plugin.slug)).groups
    accesses = next((group.accesses for group in groups if group.installation == found), [])
    rows = [(access, find_missing(access, request.member.may)) for access in accesses]
    template = "grants/installation_access.html" + ("#access" if request.htmx else "")
    return render(request, template, {"installation": found, "rows": rows})


def _number_and_installation(request: MemberRequest, field: str) -> tuple[Instance, Installation]:
    """Returns what a button of the matrix names (number:installation), or the URL of the page that asks first."""
    number, _colon, installation = request.POST.get(field, "").partition(":")
    if request.method != "POST":
        number, installation = request.GET.get("number", ""), request.GET.get("installation", "")
    return number_or_404(request.organization, number), installation_or_404(request.organization, installation)


def _confirm_page(
    request: MemberRequest,
    template: str,
    access: NumberAccess,
    lost: GrantedPlugin | None,
    *,
    before: GrantContents | None = None,
) -> HttpResponse:
    """Says what a number loses; again, where that is not what the page had said `before`."""
    contents = GrantContents()
    if lost:
        contents = GrantContents(lost.plugin.installation.mode, sorted(lost.tools), sorted(lost.permissions))
    context = {
        "access": access,
        "number": access.instance,
        "installation": access.installation,
        "now": contents,
        "shown": shown.sign(contents),
        "before": before,
    }
    return render(request, template, context, status=HTTPStatus.CONFLICT if before else HTTPStatus.OK)


def _matrix_url(request: MemberRequest, matrix_filter: MatrixFilter, anchor: str = "") -> str:
    page, query = reverse("grants:matrix", args=[request.organization.slug]), matrix_filter.query_string
    return page + (f"?{query}" if query else "") + (f"#{anchor}" if anchor else "")


def _current_filter(request: MemberRequest) -> MatrixFilter:
    """Returns the filter of the matrix whose button was clicked."""
    return MatrixFilter.from_query(QueryDict(request.POST.get("back", "")))


def _refused(request: MemberRequest, message: str) -> HttpResponseBase:
    """Says that somebody else was faster; the page behind is shown again as it is now."""
    if request.htmx:
        response = HttpResponse(status=HTTPStatus.CONFLICT)
        return trigger_client_event(response, "toast", {"tone": "bad", "text": message})
    messages.error(request, message)
    return redirect(_matrix_url(request, _current_filter(request)))


def _changed(
    request: MemberRequest, access: NumberAccess, names: Collection[str], message: str, *, clicked: str = ""
) -> HttpResponseBase:
    """Answers with the cells that a change has moved, or goes back to the cell that was clicked."""
    instance, installation = access.instance, access.installation
    matrix_filter = _current_filter(request)
    if not request.htmx:
        messages.success(request, message)
        row = next((row for row in matrix_rows(installation.version.manifest) if row.name == clicked), None)
        anchor = cell_id(instance, installation, row) if row else header_id(instance, installation)
        return redirect(_matrix_url(request, matrix_filter, anchor))
    shown = build_matrix(request.organization, replace(matrix_filter, number=instance.public_id))
    renderer = CellRenderer(may_change=True)
    swaps = [renderer.render_swaps(group, names) for group in shown.groups if group.installation == installation]
    return render(request, "grants/matrix.html#changed", {"swaps": swaps, "message": message})
