"""The first three install steps: permissions, numbers, configuration. The third one installs."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from grants.install import consent
from grants.install.draft import Draft, delete_draft, save_draft
from grants.install.forms import NumbersForm, PermissionsForm
from grants.install.options import GrantOptions, load_grant_options
from grants.install.plan import InstallPlan, set_up_plugin
from grants.install.wizard import STEPS, Step, WizardState
from kasilabs.accounts import members
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration.command_line import ParsedSettings
from kasilabs.configuration.form import ConfigurationForm
from kasilabs.configuration.schema import ConfigSchema
from kasilabs.lib.forms import form_status
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from plugins.manifest.promises import promises

StepView = Callable[[MemberRequest, WizardState], HttpResponseBase]


def wizard_step(step: Step) -> Callable[[StepView], Callable[[MemberRequest, str], HttpResponseBase]]:
    """Loads the wizard for the view of one step, and redirects to the next step where this one cannot be opened."""

    def decorate(view: StepView) -> Callable[[MemberRequest, str], HttpResponseBase]:
        @wraps(view)
        def guarded(request: MemberRequest, slug: str) -> HttpResponseBase:
            wizard = WizardState.load(request, slug)
            if refused := wizard.refusal():
                return _refusal_page(request, wizard, refused)
            if wizard.may_open(step):
                return view(request, wizard)
            if request.method == "POST" and wizard.installation:
                messages.info(request, _("%(plugin)s is installed already.") % {"plugin": wizard.manifest.name})
            elif request.method == "POST":
                messages.error(request, _("Not saved: this page was out of date. This is how it stands now."))
            return redirect(wizard.url(wizard.next_step))

        return guarded

    return decorate


@require_safe
@vary_on_headers("HX-Request")
@member_required(Permission.INSTALLATIONS_INSTALL)
def start(request: MemberRequest, slug: str) -> HttpResponseBase:
    """Redirects to the first step that is not done; the pages of the plugin get what to offer in place of it."""
    wizard = WizardState.load(request, slug)
    refused = wizard.refusal()
    if request.htmx:
        return _refusal_page(request, wizard, refused, "grants/install_refused.html#offer", HTTPStatus.OK)
    return _refusal_page(request, wizard, refused) if refused else redirect(wizard.url(wizard.next_step))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required(Permission.INSTALLATIONS_INSTALL)
@wizard_step(Step.PERMISSIONS)
def permissions(request: MemberRequest, wizard: WizardState) -> HttpResponseBase:
    """Step 1: what the plugin may do. With `preview` it only shows what the choice would mean."""
    may_grant = request.member.may(Permission.GRANTS_CHANGE)
    is_preview = "preview" in request.POST
    data = request.POST if request.method == "POST" and may_grant else None
    form = PermissionsForm(wizard.manifest, wizard.ticked_permissions, data)
    status = HTTPStatus.OK if is_preview else form_status(form)
    conflict = None
    if request.method == "POST" and not is_preview and (form.is_valid() or not may_grant):
        draft = replace(wizard.draft, permissions=form.ticked)
        conflict, status = wizard.conflict(draft), HTTPStatus.CONFLICT
        if conflict is None:
            return _save_and_go_on(request, wizard, draft, Step.NUMBERS)
    context = {
        **_step_context(request, wizard, Step.PERMISSIONS),
        "form": form,
        "consent": consent.summarize(wizard.manifest, form.ticked),
        "conflict": conflict,
    }
    template = "grants/install_permissions.html" + ("#consent" if request.htmx and is_preview else "")
    return render(request, template, context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@member_required(Permission.INSTALLATIONS_INSTALL)
@wizard_step(Step.NUMBERS)
def numbers(request: MemberRequest, wizard: WizardState) -> HttpResponseBase:
    """Step 2: the numbers that get the plugin. Who may not grant is told who may, and goes on."""
    may_grant = request.member.may(Permission.GRANTS_CHANGE)
    data = request.POST if request.method == "POST" and may_grant else None
    initial = {"numbers": wizard.draft.numbers or [], "toolkits": wizard.draft.toolkits}
    options = _grant_options(request, wizard)
    form = NumbersForm(options, initial, data)
    conflict, status = None, form_status(form)
    if request.method == "POST" and (form.is_valid() or not may_grant):
        chosen = form.cleaned_data if may_grant else {"numbers": [], "toolkits": []}
        draft = replace(wizard.draft, replaced=options.replaced(chosen["numbers"]), **chosen)
        conflict, status = wizard.conflict(draft), HTTPStatus.CONFLICT
        if conflict is None:
            return _save_and_go_on(request, wizard, draft, Step.CONFIGURATION)
    context = {**_step_context(request, wizard, Step.NUMBERS), "form": form, "conflict": conflict}
    return render(request, "grants/install_numbers.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
@member_required(Permission.INSTALLATIONS_INSTALL)
@wizard_step(Step.CONFIGURATION)
def configuration(request: MemberRequest, wizard: WizardState) -> HttpResponseBase:
    """Step 3: takes the configuration and installs what this page shows. All of it happens at once, or nothing does."""
    form = _configuration_form(request, wizard)
    conflict = wizard.conflict(wizard.draft)
    is_refused = conflict is not None
    if conflict:
        form.refuse(_("Nothing was installed."))
    elif form.is_valid():
        try:
            set_up_plugin(_install_plan(request, wizard, form), user=request.user, actor=actor(request))
        except Refused as refused:
            if refused.code == "installed_meanwhile":
                messages.error(request, str(refused))
                return redirect(wizard.url(Step.TEST))
            if refused.code == "other_mode_granted":
                is_refused = True
                draft = replace(wizard.draft, replaced=_grant_options(request, wizard).replaced(wizard.draft.numbers))
                wizard = replace(wizard, draft=draft, saved=draft)
                save_draft(request.session, request.organization, wizard.version, draft)
            form.refuse(str(refused))
        else:
            delete_draft(request.session, request.organization, wizard.version)
            messages.success(request, _("%(plugin)s is installed in the sandbox.") % {"plugin": wizard.manifest.name})
            for label in form.trimmed_labels:
                messages.info(request, _("Spaces around %(field)s were left out.") % {"field": label})
            return redirect(wizard.url(Step.TEST))
    wrong = len(form.errors)
    note = ngettext("%(n)d field needs another look", "%(n)d fields need another look", wrong) % {"n": wrong}
    context = {
        **_step_context(request, wizard, Step.CONFIGURATION, note if wrong else ""),
        "form": form,
        "check_url": wizard.check_url,
        "check_query": wizard.version_query,
        "is_configured_later": bool(wizard.manifest.configuration.fields and not form.schema.fields),
        "choices": wizard.describe(wizard.draft),
        "conflict": conflict,
    }
    status = HTTPStatus.CONFLICT if is_refused else form_status(form)
    return render(request, "grants/install_configuration.html", context, status=status)


@require_POST
@never_cache
@member_required(Permission.INSTALLATIONS_INSTALL)
def check_field(request: MemberRequest, slug: str, name: str) -> HttpResponse:
    """Answers with one field as it stands after its check. Raises Http404 for a secret."""
    wizard = WizardState.load(request, slug)
    field = _configuration_form(request, wizard).plain_field(name)
    if field is None:
        raise Http404
    context = {"field": field, "check_url": wizard.check_url, "check_query": wizard.version_query}
    return render(request, "configuration/_field.html", context)


def _grant_options(request: MemberRequest, wizard: WizardState) -> GrantOptions:
    return load_grant_options(
        request.organization,
        wizard.version,
        wizard.draft.permissions or [],
        may_install_toolkits=request.member.may(Permission.TOOLKITS_CHANGE),
    )


def _configuration_form(request: MemberRequest, wizard: WizardState) -> ConfigurationForm:
    """Returns the form of the plugin; who may not configure gets one without fields and can install all the same."""
    may_configure = request.member.may(Permission.INSTALLATIONS_CONFIGURE)
    return ConfigurationForm(
        wizard.manifest.configuration if may_configure else ConfigSchema.compile({}),
        None,
        request.POST if request.method == "POST" else None,
        may_set_secrets=request.member.may(Permission.INSTALLATIONS_SECRETS),
    )


def _install_plan(request: MemberRequest, wizard: WizardState, form: ConfigurationForm) -> InstallPlan:
    """Returns what the page shows; rights are asked again, for they may have changed since."""
    draft = wizard.draft if request.member.may(Permission.GRANTS_CHANGE) else Draft(wizard.version.digest)
    options = _grant_options(request, wizard)
    return InstallPlan(
        organization=request.organization,
        version=wizard.version,
        mode=Mode.SANDBOX,
        settings=ParsedSettings(form.values, frozenset(), form.secret_changes) if form.schema.fields else None,
        numbers=[option.number for option in options.numbers if option.number.public_id in (draft.numbers or [])],
        replaced=draft.replaced,
        permissions=draft.permissions,
        toolkits=[toolkit for toolkit in options.offered_toolkits if toolkit in draft.toolkits],
        only_new=True,
    )


def _refusal_page(
    request: MemberRequest,
    wizard: WizardState,
    refused: Refused | None,
    template: str = "grants/install_refused.html",
    status: HTTPStatus = HTTPStatus.CONFLICT,
) -> HttpResponse:
    """Says why a version cannot be installed; where another one is, who may remove it can follow a link to that."""
    context: dict[str, Any] = {"wizard": wizard, "refused": refused}
    if refused and wizard.installation:
        needed = wizard.installation.removal_permission
        context["may_remove"] = request.member.may(needed)
        context["removers"] = members.holders(request.organization, needed)
    return render(request, template, context, status=status)


def _save_and_go_on(request: MemberRequest, wizard: WizardState, draft: Draft, following: Step) -> HttpResponseBase:
    """Saves the draft and redirects to the following step; who leaves it for later goes to the plugin's page."""
    save_draft(request.session, request.organization, wizard.version, draft)
    if "leave" not in request.POST:
        return redirect(wizard.url(following))
    messages.success(request, _("Your draft is kept until you sign out."))
    return redirect("plugins:detail", request.organization.slug, wizard.version.plugin.slug)


def _step_context(request: MemberRequest, wizard: WizardState, current: Step, note: str = "") -> dict[str, Any]:
    """Returns what every step shows: all steps, the panel, the way back, and who grants where this person may not."""
    may_grant = request.member.may(Permission.GRANTS_CHANGE)
    return {
        "wizard": wizard,
        "manifest": wizard.manifest,
        "steps": wizard.step_links(current, note),
        "consent": consent.summarize(wizard.manifest, wizard.ticked_permissions),
        "promises": promises(wizard.manifest),
        "back_url": wizard.url(STEPS[STEPS.index(current) - 1]) if current is not STEPS[0] else "",
        "granters": "" if may_grant else members.holders(request.organization, Permission.GRANTS_CHANGE),
    }
