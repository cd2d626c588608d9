from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration.display import Difference
from kasilabs.lib import shown
from kasilabs.lib.refusal import Refused
from kasilabs.whatsapp import agent_keys, chat_answerers, numbers
from kasilabs.whatsapp.agent_keys import KeyLoss, NewKey
from kasilabs.whatsapp.forms import AnswererForm, NumberForm
from kasilabs.whatsapp.lookup import number_or_404
from kasilabs.whatsapp.models import AgentKey, Instance
from kasilabs.whatsapp.numbers import Settings


@require_safe
@member_required(Permission.NUMBERS_VIEW)
def list_numbers(request: MemberRequest) -> HttpResponse:
    """Shows the numbers of the organization, and which of them no agent can use yet."""
    keys = AgentKey.objects.live().filter(instance=OuterRef("pk"))
    instances = request.organization.instances.annotate(has_key=Exists(keys)).order_by("name")
    return render(request, "whatsapp/list.html", {"numbers": instances})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.NUMBERS_CHANGE)
def add(request: MemberRequest) -> HttpResponseBase:
    """Connects a number; the next step is making a key for its agent."""
    form = NumberForm(request.POST) if request.method == "POST" else NumberForm()
    if not form.is_valid():
        return _form_page(request, form, None)
    try:
        instance = numbers.add(organization=request.organization, settings=form.settings, actor=actor(request))
    except Refused as refused:
        form.refuse(refused)
        return _form_page(request, form, None)
    messages.success(request, _("%(number)s was added.") % {"number": instance.name})
    return _redirect(instance)


@require_safe
@member_required(Permission.NUMBERS_VIEW)
def detail(request: MemberRequest, number: str) -> HttpResponse:
    return _detail_page(request, number_or_404(request.organization, number))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.NUMBERS_CHANGE)
def edit(request: MemberRequest, number: str) -> HttpResponseBase:
    """Changes a number, unless somebody else did since the page was opened: then both are shown."""
    instance = number_or_404(request.organization, number)
    form = NumberForm(request.POST) if request.method == "POST" else NumberForm.for_instance(instance)
    if not form.is_valid():
        return _form_page(request, form, instance)
    seen = shown.read(request.POST.get(shown.FIELD, ""), Settings)
    try:
        instance = numbers.edit(instance=instance, settings=form.settings, actor=actor(request), seen=seen)
    except Refused as refused:
        saved = number_or_404(request.organization, number)
        differences = form.differences(Settings.of(saved)) if refused.code == "changed_meanwhile" else []
        form.refuse(refused)
        return _form_page(request, form, saved, differences)
    messages.success(request, _("%(number)s was saved.") % {"number": instance.name})
    return _redirect(instance)


@require_POST
@member_required(Permission.NUMBERS_SUSPEND)
def suspend(request: MemberRequest, number: str) -> HttpResponseBase:
    """Stops the agent of a number; it can be resumed."""
    instance = numbers.suspend(instance=number_or_404(request.organization, number), actor=actor(request))
    messages.success(request, _("%(number)s is suspended. Its agent gets no tools.") % {"number": instance.name})
    return _redirect(instance)


@require_POST
@member_required(Permission.NUMBERS_SUSPEND)
def resume(request: MemberRequest, number: str) -> HttpResponseBase:
    instance = numbers.resume(instance=number_or_404(request.organization, number), actor=actor(request))
    messages.success(request, _("%(number)s is active again.") % {"number": instance.name})
    return _redirect(instance)


@require_POST
@never_cache
@member_required(Permission.NUMBERS_KEYS)
def issue_key(request: MemberRequest, number: str) -> HttpResponseBase:
    """Makes a key and shows it, this once, in the response."""
    instance = number_or_404(request.organization, number)
    return _new_key_page(request, instance, partial(agent_keys.issue, instance=instance, actor=actor(request)))


@require_POST
@never_cache
@member_required(Permission.NUMBERS_KEYS)
def rotate_key(request: MemberRequest, number: str, key: UUID) -> HttpResponseBase:
    """Makes a new key beside `key`, which lives for another day, and shows it, this once, in the response."""
    instance = number_or_404(request.organization, number)
    rotate = partial(agent_keys.rotate, instance=instance, actor=actor(request), current=key)
    return _new_key_page(request, instance, rotate)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.NUMBERS_KEYS)
def revoke_key(request: MemberRequest, number: str, key: UUID) -> HttpResponseBase:
    """Asks first, then ends a key at once."""
    instance = number_or_404(request.organization, number)
    agent_key = get_object_or_404(instance.agent_keys, pk=key)
    before, status = None, HTTPStatus.OK
    if request.method == "POST":
        before = shown.read(request.POST.get(shown.FIELD, ""), KeyLoss)
        try:
            agent_keys.revoke(key=agent_key, actor=actor(request), seen=before)
        except Refused:
            status = HTTPStatus.CONFLICT
        else:
            messages.success(request, _("The key %(key)s was revoked.") % {"key": agent_key})
            return _redirect(instance)
    loss = agent_keys.loss(agent_key)
    context = {"number": instance, "key": agent_key, "now": loss, "before": before, "shown": shown.sign(loss)}
    return render(request, "whatsapp/revoke.html", context, status=status)


@require_POST
@member_required(Permission.NUMBERS_CHANGE)
def add_answerer(request: MemberRequest, number: str) -> HttpResponseBase:
    """Names one member more who answers the chats of a number."""
    instance = number_or_404(request.organization, number)
    form = AnswererForm(request.organization, request.POST)
    if not form.is_valid():
        refusal = _("Choose somebody who belongs to this organization.")
        return _detail_page(request, instance, refusal=refusal, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    member = form.cleaned_data["person"]
    try:
        chat_answerers.add(instance=instance, member=member, actor=actor(request))
    except Refused as refused:
        return _detail_page(request, instance, refusal=str(refused), status=HTTPStatus.CONFLICT)
    names = {"person": member.user, "number": instance.name}
    messages.success(request, _("%(person)s answers the chats of %(number)s.") % names)
    return _redirect(instance, "#answerers")


@require_POST
@member_required(Permission.NUMBERS_CHANGE)
def remove_answerer(request: MemberRequest, number: str, person: UUID) -> HttpResponseBase:
    """Takes somebody from those who answer the chats of a number."""
    instance = number_or_404(request.organization, number)
    member = get_object_or_404(request.organization.members.select_related("user"), user=person)
    chat_answerers.remove(instance=instance, member=member, actor=actor(request))
    names = {"person": member.user, "number": instance.name}
    messages.success(request, _("%(person)s does not answer the chats of %(number)s any more.") % names)
    return _redirect(instance, "#answerers")


def _redirect(instance: Instance, anchor: str = "") -> HttpResponseBase:
    page = reverse("whatsapp:detail", args=[instance.organization.slug, instance.public_id])
    return redirect(page + anchor)


def _form_page(
    request: MemberRequest, form: NumberForm, instance: Instance | None, differences: Sequence[Difference] = ()
) -> HttpResponse:
    """Shows the form; with `differences` to what was saved meanwhile, saving again is a decision."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {
        "form": form,
        "number": instance,
        "shown": shown.sign(Settings.of(instance)) if instance else "",
        "differences": differences,
    }
    return render(request, "whatsapp/form.html", context, status=HTTPStatus.CONFLICT if differences else status)


def _new_key_page(request: MemberRequest, instance: Instance, make: Callable[[], NewKey]) -> HttpResponse:
    try:
        made = make()
    except Refused as refused:
        return _detail_page(request, instance, refusal=str(refused), status=HTTPStatus.CONFLICT)
    return _detail_page(request, instance, made=made)


def _detail_page(
    request: MemberRequest,
    instance: Instance,
    *,
    made: NewKey | None = None,
    refusal: str = "",
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    keys = list(instance.agent_keys.live())
    context = {
        "number": instance,
        "keys": keys,
        "current": keys[0] if keys else None,
        "overlap": keys[1].expires if len(keys) > 1 else None,
        "answerers": chat_answerers.load(instance),
        "made": made,
        "refusal": refusal,
    }
    return render(request, "whatsapp/detail.html", context, status=status)
