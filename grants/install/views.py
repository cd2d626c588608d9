"""The first three install steps: permissions, numbers, configuration. The third one installs."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from grants.install import choices, consent, plan, steps
from grants.install import draft as drafts
from grants.install.draft import Draft
from grants.install.forms import NumbersForm, PermissionsForm
from grants.install.plan import Plan
from grants.install.steps import Step, Visit
from kasilabs.accounts import members
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration import schema
from kasilabs.configuration.command_line import ParsedSettings
from kasilabs.configuration.form import ConfigurationForm
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode

StepView = Callable[[MemberRequest, Visit], HttpResponseBase]


def step(here: Step) -> Callable[[StepView], Callable[[MemberRequest, str], HttpResponseBase]]:
    """Give a step what is being installed; who comes too early, or to what is installed, is led to the open step."""

    def decorate(view: StepView) -> Callable[[MemberRequest, str], HttpResponseBase]:
        @wraps(view)
        def guarded(request: MemberRequest, slug: str) -> HttpResponseBase:
            visit = steps.begin(request.organization, slug, request.session)
            if refused := visit.refusal():
                context = {"visit": visit, "refused": refused}
                return render(request, "grants/install_refused.html", context, status=HTTPStatus.CONFLICT)
            if not visit.may_visit(here):
                return redirect(visit.url(visit.open_step))
            return view(request, visit)

        return guarded

    return decorate


@require_safe
@member_required(Permission.INSTALLATIONS_INSTALL)
def start(request: MemberRequest, slug: str) -> HttpResponseBase:
    """Lead to the first step that is not done."""
    visit = steps.begin(request.organization, slug, request.session)
    return redirect(visit.url(visit.open_step))


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.INSTALLATIONS_INSTALL)
@step(Step.PERMISSIONS)
def permissions(request: MemberRequest, visit: Visit) -> HttpResponseBase:
    """Choose what the plugin may do; `preview` only shows what the choice would mean."""
    may_grant = request.member.may(Permission.GRANTS_CHANGE)
    data = request.POST if request.method == "POST" and may_grant else None
    ticked = visit.draft.permissions
    form = PermissionsForm(visit.manifest, consent.defaults(visit.manifest) if ticked is None else ticked, data)
    if request.method != "POST" or "preview" in request.POST:
        return _permissions_page(request, visit, form)
    if form.is_bound and not form.is_valid():
        return _permissions_page(request, visit, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    return _kept(request, visit, Step.NUMBERS, replace(visit.draft, permissions=form.ticked))


def _permissions_page(
    request: MemberRequest, visit: Visit, form: PermissionsForm, status: int = HTTPStatus.OK
) -> HttpResponse:
    part = "#ability" if request.htmx and "preview" in request.POST else ""
    context = _context(request, visit, Step.PERMISSIONS) | {"form": form}
    context["ability"] = consent.of(visit.manifest, form.ticked)
    return render(request, f"grants/install_permissions.html{part}", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.INSTALLATIONS_INSTALL)
@step(Step.NUMBERS)
def numbers(request: MemberRequest, visit: Visit) -> HttpResponseBase:
    """Choose the numbers that get the plugin; who may not grant is told who may, and goes on."""
    may_grant = request.member.may(Permission.GRANTS_CHANGE)
    data = request.POST if request.method == "POST" and may_grant else None
    form = _numbers_form(request, visit, data)
    if request.method == "POST" and (form.is_valid() or not may_grant):
        chosen = form.cleaned_data if may_grant else {"numbers": [], "toolkits": []}
        return _kept(request, visit, Step.CONFIGURATION, replace(visit.draft, is_outdated=False, **chosen))
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    context = _context(request, visit, Step.NUMBERS) | {"form": form}
    return render(request, "grants/install_numbers.html", context, status=status)


def _numbers_form(request: MemberRequest, visit: Visit, data: QueryDict | None) -> NumbersForm:
    choice = choices.find(
        request.organization,
        visit.version.plugin,
        consent.needed_toolkits(visit.manifest, visit.draft.permissions or []),
        may_install=request.member.may(Permission.TOOLKITS_CHANGE),
    )
    initial = {"numbers": visit.draft.numbers or [], "toolkits": visit.draft.toolkits}
    return NumbersForm(visit.manifest, choice, initial, data)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
@member_required(Permission.INSTALLATIONS_INSTALL)
@step(Step.CONFIGURATION)
def configuration(request: MemberRequest, visit: Visit) -> HttpResponseBase:
    """Take the configuration and install: everything chosen so far happens at once, or nothing does."""
    form = _configuration_form(request, visit)
    if not form.is_bound:
        return _configuration_page(request, visit, form)
    if not form.is_valid():
        return _configuration_page(request, visit, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        plan.set_up(_plan(request, visit, form), user=request.user, actor=actor(request))
    except Refused as refused:
        if refused.code == "installed_meanwhile":
            messages.error(request, str(refused))
            return redirect(visit.url(Step.TEST))
        form.refuse(str(refused))
        return _configuration_page(request, visit, form, HTTPStatus.UNPROCESSABLE_ENTITY)
    drafts.drop(request.session, request.organization, visit.version)
    _say_installed(request, visit, form)
    return redirect(visit.url(Step.TEST))


@require_POST
@never_cache
@member_required(Permission.INSTALLATIONS_INSTALL)
def check_field(request: MemberRequest, slug: str, name: str) -> HttpResponse:
    """Answer with one field as it stands after its check. Raises Http404 for a secret."""
    visit = steps.begin(request.organization, slug, request.session)
    field = _configuration_form(request, visit).plain_field(name)
    if field is None:
        raise Http404
    return render(request, "installations/_field.html", {"field": field, "check_url": visit.check_url})


def _configuration_form(request: MemberRequest, visit: Visit) -> ConfigurationForm:
    """Return the form of the plugin; who may not configure gets one without fields and can install all the same."""
    may_configure = request.member.may(Permission.INSTALLATIONS_CONFIGURE)
    return ConfigurationForm(
        visit.manifest.configuration if may_configure else schema.read({}),
        None,
        request.POST if request.method == "POST" else None,
        may_set_secrets=request.member.may(Permission.INSTALLATIONS_SECRETS),
    )


def _configuration_page(
    request: MemberRequest, visit: Visit, form: ConfigurationForm, status: int = HTTPStatus.OK
) -> HttpResponse:
    words = ngettext("%(n)d field needs another look", "%(n)d fields need another look", len(form.errors))
    note = words % {"n": len(form.errors)} if form.errors else ""
    context = _context(request, visit, Step.CONFIGURATION, note) | {"form": form}
    context["check_url"] = visit.check_url
    context["needs_somebody"] = bool(visit.manifest.configuration.fields and not form.schema.fields)
    return render(request, "grants/install_configuration.html", context, status=status)


def _plan(request: MemberRequest, visit: Visit, form: ConfigurationForm) -> Plan:
    """Put together what was chosen; rights are asked again, for they may have changed since."""
    chosen = visit.draft if request.member.may(Permission.GRANTS_CHANGE) else Draft()
    possible = _numbers_form(request, visit, None).choice
    return Plan(
        organization=request.organization,
        version=visit.version,
        mode=Mode.SANDBOX,
        settings=ParsedSettings(form.values, frozenset(), form.secret_changes) if form.schema.fields else None,
        numbers=[number for number in possible.numbers if number.public_id in (chosen.numbers or [])],
        permissions=chosen.permissions,
        toolkits=[kit for kit in possible.toolkits if kit in chosen.toolkits],
        only_new=True,
    )


def _kept(request: MemberRequest, visit: Visit, following: Step, draft: Draft) -> HttpResponseBase:
    """Keep the draft and go on, or leave it for later."""
    drafts.keep(request.session, request.organization, visit.version, draft)
    if "leave" not in request.POST:
        return redirect(visit.url(following))
    messages.success(request, _("Your draft is kept until you sign out."))
    return redirect("plugins:detail", request.organization.slug, visit.version.plugin.slug)


def _say_installed(request: MemberRequest, visit: Visit, form: ConfigurationForm) -> None:
    messages.success(request, _("%(plugin)s is installed in the sandbox.") % {"plugin": visit.manifest.name})
    for label in form.trimmed:
        messages.info(request, _("Spaces around %(field)s were left out.") % {"field": label})


def _context(request: MemberRequest, visit: Visit, current: Step, note: str = "") -> dict[str, Any]:
    """Return what these steps show: the rail, the panel, the way back, and who grants where this person may not."""
    ticked, may_grant = visit.draft.permissions, request.member.may(Permission.GRANTS_CHANGE)
    back = list(Step)[list(Step).index(current) - 1] if current is not Step.PERMISSIONS else None
    return {
        "visit": visit,
        "manifest": visit.manifest,
        "steps": visit.rail(current, note),
        "ability": consent.of(visit.manifest, consent.defaults(visit.manifest) if ticked is None else ticked),
        "back_url": visit.url(back) if back else "",
        "givers": "" if may_grant else members.holders(request.organization, Permission.GRANTS_CHANGE),
    }
