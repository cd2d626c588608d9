from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.crypto.bearer_keys import BearerKey
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp import agent_keys, numbers
from kasilabs.whatsapp.forms import NumberForm
from kasilabs.whatsapp.lookup import number_or_404
from kasilabs.whatsapp.models import AgentKey, Instance


@require_safe
@member_required(Permission.NUMBERS_VIEW)
def list_numbers(request: MemberRequest) -> HttpResponse:
    """Show the numbers of the organization, and which of them no agent can use yet."""
    keys = AgentKey.objects.filter(instance=OuterRef("pk"), revoked=None).exclude(expires__lte=timezone.now())
    found = request.organization.instances.annotate(has_key=Exists(keys)).order_by("name")
    return render(request, "whatsapp/list.html", {"numbers": found})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.NUMBERS_CHANGE)
def add(request: MemberRequest) -> HttpResponseBase:
    """Connect a number; the next act is making a key for its agent."""
    form = NumberForm(request.POST) if request.method == "POST" else NumberForm()
    if not form.is_valid():
        return _form_page(request, form, None)
    try:
        instance = numbers.add(organization=request.organization, settings=form.settings, actor=actor(request))
    except Refused as refused:
        form.refuse(refused)
        return _form_page(request, form, None)
    messages.success(request, _("%(number)s was added.") % {"number": instance.name})
    return _to(instance)


@require_safe
@member_required(Permission.NUMBERS_VIEW)
def detail(request: MemberRequest, number: str) -> HttpResponse:
    return _detail_page(request, number_or_404(request.organization, number))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.NUMBERS_CHANGE)
def edit(request: MemberRequest, number: str) -> HttpResponseBase:
    instance = number_or_404(request.organization, number)
    form = NumberForm(request.POST) if request.method == "POST" else NumberForm.of(instance)
    if not form.is_valid():
        return _form_page(request, form, instance)
    try:
        instance = numbers.edit(instance=instance, settings=form.settings, actor=actor(request))
    except Refused as refused:
        form.refuse(refused)
        return _form_page(request, form, instance)
    messages.success(request, _("%(number)s was saved.") % {"number": instance.name})
    return _to(instance)


@require_POST
@member_required(Permission.NUMBERS_SUSPEND)
def suspend(request: MemberRequest, number: str) -> HttpResponseBase:
    """Stop the agent of a number; it can be resumed."""
    instance = numbers.suspend(instance=number_or_404(request.organization, number), actor=actor(request))
    messages.success(request, _("%(number)s is suspended. Its agent gets no tools.") % {"number": instance.name})
    return _to(instance)


@require_POST
@member_required(Permission.NUMBERS_SUSPEND)
def resume(request: MemberRequest, number: str) -> HttpResponseBase:
    instance = numbers.resume(instance=number_or_404(request.organization, number), actor=actor(request))
    messages.success(request, _("%(number)s is active again.") % {"number": instance.name})
    return _to(instance)


@require_POST
@never_cache
@member_required(Permission.NUMBERS_KEYS)
def issue_key(request: MemberRequest, number: str) -> HttpResponseBase:
    """Make a key and show it, this once, in the answer."""
    instance = number_or_404(request.organization, number)
    return _made_page(request, instance, partial(agent_keys.issue, instance=instance, actor=actor(request)))


@require_POST
@never_cache
@member_required(Permission.NUMBERS_KEYS)
def rotate_key(request: MemberRequest, number: str, key: UUID) -> HttpResponseBase:
    """Make a new key beside `key`, which lives for another day, and show it, this once, in the answer."""
    instance = number_or_404(request.organization, number)
    rotate = partial(agent_keys.rotate, instance=instance, actor=actor(request), current=key)
    return _made_page(request, instance, rotate)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.NUMBERS_KEYS)
def revoke_key(request: MemberRequest, number: str, key: UUID) -> HttpResponseBase:
    """Ask first, then end a key at once."""
    instance = number_or_404(request.organization, number)
    found = get_object_or_404(instance.agent_keys, pk=key)
    if request.method != "POST":
        is_last = not agent_keys.live(instance).exclude(pk=found.pk).exists()
        return render(request, "whatsapp/revoke.html", {"number": instance, "key": found, "is_last": is_last})
    agent_keys.revoke(key=found, actor=actor(request))
    messages.success(request, _("The key %(key)s was revoked.") % {"key": found})
    return _to(instance)


def _to(instance: Instance) -> HttpResponseBase:
    return redirect("whatsapp:detail", instance.organization.slug, instance.public_id)


def _form_page(request: MemberRequest, form: NumberForm, instance: Instance | None) -> HttpResponse:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "whatsapp/form.html", {"form": form, "number": instance}, status=status)


def _made_page(request: MemberRequest, instance: Instance, make: Callable[[], BearerKey]) -> HttpResponse:
    try:
        made = make()
    except Refused as refused:
        return _detail_page(request, instance, refusal=str(refused), status=HTTPStatus.CONFLICT)
    return _detail_page(request, instance, made=made)


def _detail_page(
    request: MemberRequest,
    instance: Instance,
    *,
    made: BearerKey | None = None,
    refusal: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    alive = list(agent_keys.live(instance))
    context = {"number": instance, "keys": alive, "current": alive[0] if alive else None, "made": made}
    overlap: datetime | None = alive[1].expires if len(alive) > 1 else None
    return render(request, "whatsapp/detail.html", context | {"overlap": overlap, "refusal": refusal}, status=status)
