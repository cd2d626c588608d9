from collections.abc import Callable
from functools import partial
from http import HTTPStatus

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib import pagination
from kasilabs.lib.pagination import Page
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.escalations import changes
from kasilabs.toolkits.escalations.forms import MINE, RESOLVED, TEAMMATES, WAITING, AssignForm, NoteForm, ShowForm
from kasilabs.toolkits.escalations.models import Escalation

MOST_SHOWN = 100
"""Of what is open: as people take the most urgent ones, the others move up."""


@require_safe
@member_required(Permission.CHATS_ANSWER)
def list_escalations(request: MemberRequest) -> HttpResponse:
    """Shows what waits, the most urgent first, what one has taken oneself, what teammates have, and what is done."""
    form = ShowForm(request.GET)
    shown = (form.cleaned_data["show"] or WAITING) if form.is_valid() else ""
    escalations = request.organization.escalations.select_related("instance", "holder__user")
    lists = {
        WAITING: escalations.waiting(),
        MINE: escalations.open().filter(holder=request.member),
        TEAMMATES: escalations.of_teammates(request.member),
    }
    if shown == RESOLVED:
        bound_to = {"list": "escalations", "organization": request.organization.public_id}
        page = pagination.page_or_404(request, escalations.filter(resolved__isnull=False), bound_to)
    else:
        page = Page(list(lists[shown].most_urgent_first()[:MOST_SHOWN])) if shown else Page([])
    counts = request.organization.escalations.open().aggregate(
        **{
            WAITING: Count("pk", filter=Q(holder=None)),
            MINE: Count("pk", filter=Q(holder=request.member)),
            TEAMMATES: Count("pk", filter=Q(holder__isnull=False) & ~Q(holder=request.member)),
        }
    )
    context = {
        "form": form,
        "shown": shown,
        "tabs": [(name, label, counts.get(name)) for name, label in form.fields["show"].choices],  # type: ignore[attr-defined]
        "page": page,
        "most_shown": MOST_SHOWN if counts.get(shown, 0) > MOST_SHOWN else 0,
    }
    status = HTTPStatus.OK if shown else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "escalations/list.html", context, status=status)


@require_safe
@member_required(Permission.CHATS_ANSWER)
def detail(request: MemberRequest, escalation: str) -> HttpResponse:
    """Shows why a person is needed, who holds it, and what can be done."""
    return _detail_page(request, _escalation(request, escalation))


@require_POST
@member_required(Permission.CHATS_ANSWER)
def take(request: MemberRequest, escalation: str) -> HttpResponseBase:
    row = _escalation(request, escalation)
    return _changed(request, row, partial(changes.take, row, member=request.member, actor=actor(request)))


@require_POST
@member_required(Permission.CHATS_ANSWER)
def put_back(request: MemberRequest, escalation: str) -> HttpResponseBase:
    row = _escalation(request, escalation)
    return _changed(request, row, partial(changes.put_back, row, actor=actor(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.CHATS_ANSWER)
def assign(request: MemberRequest, escalation: str) -> HttpResponseBase:
    """Asks for a person or a queue, then gives the escalation there."""
    row = _escalation(request, escalation)
    if row.resolved:
        return _detail_page(request, row, refusal=_("This has been resolved."))
    form = AssignForm(request.POST if request.method == "POST" else None, organization=request.organization)
    if not form.is_valid():
        return _form_page(request, row, form, _("Assign"))
    if form.member:
        return _changed(request, row, partial(changes.give, row, form.member, actor=actor(request)))
    queue = form.cleaned_data["queue"]
    return _changed(request, row, partial(changes.put_into_queue, row, queue, actor=actor(request)))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.CHATS_ANSWER)
def resolve(request: MemberRequest, escalation: str) -> HttpResponseBase:
    """Asks what was done, then says that it is dealt with."""
    row, form = _escalation(request, escalation), NoteForm(request.POST if request.method == "POST" else None)
    if row.resolved or row.holder_id != request.member.pk:
        return _detail_page(request, row, refusal=_("Only the person who holds it can resolve it."))
    if not form.is_valid():
        return _form_page(request, row, form, _("Resolve"))
    note = form.cleaned_data["note"]
    return _changed(request, row, partial(changes.resolve, row, member=request.member, actor=actor(request), note=note))


def _escalation(request: MemberRequest, public_id: str) -> Escalation:
    escalations = request.organization.escalations.select_related("organization", "instance", "holder__user")
    escalation: Escalation = get_object_or_404(escalations, pk=Escalation.decode_id(public_id))
    return escalation


def _changed(request: MemberRequest, escalation: Escalation, change: Callable[[], None]) -> HttpResponseBase:
    """Makes a change and leads back to the page; one that is refused is said there, as it stands now."""
    try:
        change()
    except Refused as refused:
        return _detail_page(request, _escalation(request, escalation.public_id), refusal=str(refused))
    messages.success(request, _("Saved."))
    return redirect("escalations:detail", request.organization.slug, escalation.public_id)


def _detail_page(request: MemberRequest, escalation: Escalation, *, refusal: str = "") -> HttpResponse:
    context = {
        "escalation": escalation,
        "is_mine": escalation.holder_id == request.member.pk,
        "refusal": refusal,
    }
    status = HTTPStatus.CONFLICT if refusal else HTTPStatus.OK
    return render(request, "escalations/detail.html", context, status=status)


def _form_page(request: MemberRequest, escalation: Escalation, form: AssignForm | NoteForm, label: str) -> HttpResponse:
    context = {
        "escalation": escalation,
        "form": form,
        "act_label": label,
        "is_resolved": isinstance(form, NoteForm),
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "escalations/act.html", context, status=status)
