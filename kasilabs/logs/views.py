from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kasilabs.accounts.access import MemberRequest, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import ids
from kasilabs.lib.cursor import BadCursor
from kasilabs.logs import facets, path, read, timeline
from kasilabs.logs.expire import expire_stale_calls
from kasilabs.logs.filters import OWN, Filters, Range
from kasilabs.logs.forms import FilterForm
from kasilabs.logs.models import Call


@require_safe
@member_required(Permission.LOGS_VIEW)
def list_calls(request: MemberRequest) -> HttpResponseBase:
    """Show the newest calls that fit the filters in the URL, or the page a cursor leads to."""
    expire_stale_calls()  # The one write of a GET: contracts, section 3, expires stale calls when a log page opens.
    form = FilterForm(request.GET)
    if form.is_valid() and form.cleaned_data["call"]:
        if request.organization.calls.filter(id=form.cleaned_data["call"]).exists():
            return redirect("logs:detail", request.organization.slug, form["call"].value())
        form.add_error("call", _("There is no call with this id in this organization."))
    return _page(request, form, {})


@require_safe
@member_required(Permission.LOGS_VIEW)
def detail(request: MemberRequest, call: str) -> HttpResponse:
    """Show one call beside the list it was opened from; on a narrow window it has the page to itself."""
    expire_stale_calls()  # See list_calls.
    call_id = ids.decode(ids.Prefix.CALL, call)
    found = request.organization.calls.filter(id=call_id).first() if call_id else None
    if found is None:
        raise Http404
    return _page(request, FilterForm(_spelled_out(request.GET, found)), _call(request, found))


def _spelled_out(query: QueryDict, call: Call) -> QueryDict:
    """Return the query of a row's link with the filters of its list: `same` names those the call fits itself."""
    own = {"status": call.state, "number": call.number_id}
    asked = query.copy()
    same = "".join(asked.pop("same", []))
    for name in OWN:
        if name[0] in same:
            asked[name] = own.get(name) or getattr(call, name)
    return asked


def _call(request: MemberRequest, call: Call) -> dict[str, Any]:
    return {
        "call": call,
        "phases": timeline.phases(call.timings),
        "steps": path.steps(call),
        "summary": path.summary(call),
        "explain_url": _explain_url(request, call),
    }


def _explain_url(request: MemberRequest, call: Call) -> str:
    """Return where the gates of this number and tool stand now; nothing for those who may not open it."""
    if not (call.plugin and request.member.may(Permission.GRANTS_VIEW)):
        return ""
    page = reverse("grants:explain", args=[request.organization.slug])
    return f"{page}?{urlencode({'number': call.number_id, 'tool': call.agent_tool})}"


def _page(request: MemberRequest, form: FilterForm, more: dict[str, Any]) -> HttpResponse:
    filters, page = Filters(), read.Page([])
    notes: list[str] = []
    if form.is_valid():
        filters = form.filters
        page, notes = _read(request, filters)
    context = {"form": form, "filters": filters, "page": page, "notes": notes + form.sentences, **more}
    context |= _around(request, form, filters, page, more.get("call"))
    return _answer(request, context)


def _around(
    request: MemberRequest, form: FilterForm, filters: Filters, page: read.Page, call: Call | None
) -> dict[str, Any]:
    """Return what stands around the rows: facets, chips, ranges, and the links to other pages and calls."""
    offered = facets.facets(request.organization, filters)
    return {
        "facets": [] if call else offered,
        "chips": facets.chips(offered, filters),
        "ranges": [(choice.label, filters.change(range=choice.value), _is_set(filters, choice)) for choice in Range],
        "kept": [(name, form.data[name]) for name in OWN if form.data.get(name)],
        "list_url": "../" if call else "./",
        "query": filters.query(**_cursor(request)),
        "row_query": filters.row_query(**_cursor(request)),
        "older_query": filters.query(older=page.older),
        "newer_query": filters.query(newer=page.newer),
        "neighbours": _neighbours(page, call),
    }


def _neighbours(page: read.Page, call: Call | None) -> dict[str, Call]:
    """Return the calls before and after the open one, as far as this page of the list goes."""
    places = {row.id: place for place, row in enumerate(page.calls)}
    place = places.get(call.id) if call else None
    if place is None:
        return {}
    around = {"newer": page.calls[place - 1 : place], "older": page.calls[place + 1 : place + 2]}
    return {side: rows[0] for side, rows in around.items() if rows}


def _answer(request: MemberRequest, context: dict[str, Any]) -> HttpResponse:
    """Answer with the page, or with the list alone where a script asked; what cannot be read is 422 with a sentence."""
    is_fragment = request.htmx and not request.htmx.history_restore_request
    status = HTTPStatus.UNPROCESSABLE_ENTITY if context["notes"] else HTTPStatus.OK
    answer = render(request, f"logs/list.html{'#log' if is_fragment else ''}", context, status=status)
    patch_vary_headers(answer, ["HX-Request", "HX-History-Restore-Request"])
    return answer


def _read(request: MemberRequest, filters: Filters) -> tuple[read.Page, list[str]]:
    """Return the page asked for; the newest one, and a sentence, when the cursor belongs to another list."""
    try:
        return read.page(request.organization, filters, **_cursor(request)), []
    except BadCursor:
        note = _("This link to a page belongs to another list. These are the newest calls.")
        return read.page(request.organization, filters), [note]


def _cursor(request: MemberRequest) -> dict[str, str]:
    given = {name: request.GET.get(name, "") for name in ("newer", "older")}
    return {name: text for name, text in given.items() if text}


def _is_set(filters: Filters, choice: Range) -> bool:
    return filters.range == choice.value and not (filters.since or filters.until)
