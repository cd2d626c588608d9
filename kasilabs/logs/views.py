from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kasilabs.accounts.access import MemberRequest, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.pagination import BadCursor, Page
from kasilabs.logs import facets, gate_trace, search, timeline
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.filters import Filters, Range
from kasilabs.logs.forms import FilterForm
from kasilabs.logs.models import Call

KEPT_FILTERS = ("kind", "status", "reason", "plugin", "tool", "number", "gate", "mode")
"""What the form for two times or a call id sends along as hidden fields."""


@require_safe
@member_required(Permission.LOGS_VIEW)
def list_calls(request: MemberRequest) -> HttpResponseBase:
    """Shows the newest calls that fit the filters in the URL, or the page a cursor leads to."""
    expire_stale_calls()  # The one write of a GET: what a page of the log calls running is running.
    form = FilterForm(request.GET)
    if form.is_valid() and form.cleaned_data["call"]:
        if request.organization.calls.filter(id=form.cleaned_data["call"]).exists():
            return redirect("logs:detail", request.organization.slug, form["call"].value())
        form.add_error("call", _("There is no call with this id in this organization."))
    return _log_page(request, form)


@require_safe
@member_required(Permission.LOGS_VIEW)
def detail(request: MemberRequest, call: str) -> HttpResponse:
    """Shows one call beside the list it was opened from; on a narrow window it has the page to itself."""
    expire_stale_calls()  # See list_calls.
    row = get_object_or_404(request.organization.calls, pk=Call.decode_public_id(call))
    return _log_page(request, FilterForm(request.GET), row)


def _log_page(request: MemberRequest, form: FilterForm, call: Call | None = None) -> HttpResponse:
    """Returns the log, or the list alone where htmx asks for it. What cannot be read is a sentence and status 422."""
    cursor = {name: request.GET[name] for name in ("newer", "older") if request.GET.get(name)}
    filters, page, notes = Filters(), Page[Call]([]), form.sentences
    if form.is_valid():
        filters = form.filters
        try:
            page = search.page(request.organization, filters, **cursor)
        except BadCursor:
            page = search.page(request.organization, filters)
            notes = [_("This link to a page belongs to another list. These are the newest calls.")]
    offered = facets.build(request.organization, filters)
    context = {
        "form": form,
        "notes": notes,
        "filters": filters,
        "page": page,
        "facets": [] if call else offered,
        "chips": facets.chips(offered, filters),
        "ranges": [(choice.label, filters.change(range=choice.value), filters.is_range(choice)) for choice in Range],
        "kept": [(name, form.data[name]) for name in KEPT_FILTERS if form.data.get(name)],
        "list_url": "../" if call else "./",
        "query": filters.query(**cursor),
        "older_query": filters.query(older=page.older),
        "newer_query": filters.query(newer=page.newer),
        **(_call_context(request, call, page) if call else {}),
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    status = HTTPStatus.UNPROCESSABLE_ENTITY if notes else HTTPStatus.OK
    page_template = "logs/detail.html" if call else "logs/list.html"
    response = render(request, "logs/list.html#log" if is_fragment else page_template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-History-Restore-Request"])
    return response


def _call_context(request: MemberRequest, call: Call, page: Page[Call]) -> dict[str, Any]:
    """Returns what is shown of one call, and the calls before and after it on this page of the list."""
    rows = list(page.rows)
    place = rows.index(call) if call in rows else None
    return {
        "call": call,
        "phases": timeline.phases(call.timings),
        "steps": gate_trace.steps(call),
        "explain_url": _explain_url(request, call),
        "related": search.related(call),
        "newer_call": rows[place - 1] if place else None,
        "older_call": rows[place + 1] if place is not None and place + 1 < len(rows) else None,
    }


def _explain_url(request: MemberRequest, call: Call) -> str:
    """Returns where the gates of this number and tool stand now; nothing for those who may not open it."""
    if not (call.plugin and not call.is_bridge and request.member.may(Permission.GRANTS_VIEW)):
        return ""
    page = reverse("grants:explain", args=[request.organization.slug])
    return f"{page}?{urlencode({'number': call.number_id, 'tool': call.agent_tool})}"
