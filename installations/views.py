from collections.abc import Sequence
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from installations import aliases, lifecycle
from installations.lookup import installation_or_404
from installations.models import Installation
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration import display, values, vault
from kasilabs.configuration.display import Difference
from kasilabs.configuration.form import VERSION, ConfigurationForm
from kasilabs.lib import pagination
from kasilabs.lib.forms import form_status
from kasilabs.lib.refusal import Refused
from plugins.manifest.promises import promises

MOST_ROWS = 20
"""Payments, and orders, on the page of a customer."""


@require_safe
@member_required(Permission.INSTALLATIONS_VIEW)
def list_installations(request: MemberRequest) -> HttpResponse:
    """Lists what is installed, and what of it needs somebody's attention."""
    installed = request.organization.installations.not_removed().with_version().prefetch_related("secrets")
    page = pagination.page_or_404(request, installed, {"organization": request.organization.id.hex})
    return render(request, "installations/list.html", {"page": page})


@require_safe
@never_cache
@member_required(Permission.INSTALLATIONS_VIEW)
def detail(request: MemberRequest, installation: str) -> HttpResponse:
    """Shows one installation: its state, its settings, and of its secrets everything but the value."""
    found = installation_or_404(request.organization, installation)
    schema, states = found.version.manifest.configuration, vault.states(found)
    context = {
        "installation": found,
        "manifest": found.version.manifest,
        "promises": promises(found.version.manifest),
        "settings": display.settings(schema, found.values, states),
        "missing": [field.title for field in values.missing(schema, found.values, states)],
        "attention": found.attention_reasons(),
        "may_remove": request.member.may(found.removal_permission),
    }
    return render(request, "installations/detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
@member_required(Permission.INSTALLATIONS_CONFIGURE)
def configure(request: MemberRequest, installation: str) -> HttpResponseBase:
    """Shows and saves the configuration. After an error plain values stay as typed; secrets must be entered again."""
    found = installation_or_404(request.organization, installation)
    form = _configuration_form(request, found)
    if form.is_valid():
        try:
            lifecycle.configure(
                installation=found,
                values=form.values,
                secret_changes=form.secret_changes,
                actor=actor(request),
                expected_version=form.cleaned_data[VERSION],
            )
        except Refused as refused:
            if refused.code == "changed_meanwhile":
                return _conflict_page(request, form, installation)
            form.refuse(str(refused))
        else:
            messages.success(request, _("The configuration of %(plugin)s was saved.") % {"plugin": found.version.name})
            for label in form.trimmed_labels:
                messages.info(request, _("Spaces around %(field)s were left out.") % {"field": label})
            return redirect("installations:detail", request.organization.slug, installation)
    return _configuration_page(request, form, found, form_status(form))


@require_POST
@never_cache
@member_required(Permission.INSTALLATIONS_CONFIGURE)
def check_field(request: MemberRequest, installation: str, name: str) -> HttpResponse:
    """Answers with one field as it stands after its check. Raises Http404 for a secret."""
    found = installation_or_404(request.organization, installation)
    field = _configuration_form(request, found).plain_field(name)
    if field is None:
        raise Http404
    return render(request, "configuration/_field.html", {"field": field, "check_url": _check_url(found)})


@require_POST
@member_required(Permission.INSTALLATIONS_SUSPEND)
def suspend(request: MemberRequest, installation: str) -> HttpResponseBase:
    """Stops every call to an installation; it can be resumed."""
    found = installation_or_404(request.organization, installation)
    lifecycle.suspend(installation=found, actor=actor(request))
    messages.success(request, _("%(plugin)s is suspended. Every call is refused.") % {"plugin": found.version.name})
    return redirect("installations:detail", request.organization.slug, installation)


@require_POST
@member_required(Permission.INSTALLATIONS_SUSPEND)
def resume(request: MemberRequest, installation: str) -> HttpResponseBase:
    """Lets calls through again."""
    found = installation_or_404(request.organization, installation)
    lifecycle.resume(installation=found, actor=actor(request))
    messages.success(request, _("%(plugin)s is no longer suspended.") % {"plugin": found.version.name})
    return redirect("installations:detail", request.organization.slug, installation)


def _configuration_form(request: MemberRequest, installation: Installation) -> ConfigurationForm:
    return ConfigurationForm(
        installation.version.manifest.configuration,
        installation.configuration,
        request.POST if request.method == "POST" else None,
        may_set_secrets=request.member.may(Permission.INSTALLATIONS_SECRETS),
    )


def _configuration_page(
    request: MemberRequest,
    form: ConfigurationForm,
    installation: Installation,
    status: HTTPStatus,
    differences: Sequence[Difference] = (),
) -> HttpResponse:
    context = {
        "form": form,
        "installation": installation,
        "manifest": installation.version.manifest,
        "check_url": _check_url(installation),
        "differences": differences,
    }
    return render(request, "installations/configuration.html", context, status=status)


def _conflict_page(request: MemberRequest, form: ConfigurationForm, public_id: str) -> HttpResponse:
    """Shows what somebody saved meanwhile beside what was typed; saving again is then a decision."""
    saved = installation_or_404(request.organization, public_id)
    typed = request.POST.copy()
    typed[VERSION] = str(saved.config_version)
    again = ConfigurationForm(form.schema, saved.configuration, typed, may_set_secrets=form.may_set_secrets)
    again.refuse(_("Somebody saved this configuration meanwhile. Save again to put yours in its place."))
    differences = display.differences(form.schema, saved.values, form.values)
    return _configuration_page(request, again, saved, HTTPStatus.CONFLICT, differences)


def _check_url(installation: Installation) -> str:
    """Returns the address under which each plain field is checked by its name."""
    page = reverse("installations:configuration", args=[installation.organization.slug, installation.public_id])
    return f"{page}fields/"


@require_safe
@member_required(Permission.CUSTOMERS_VIEW)
def customer(request: MemberRequest, alias: str) -> HttpResponse:
    """Shows what plugins know a customer by, and the latest payments and orders, by any of those aliases."""
    organization, member = request.organization, request.member
    known = aliases.find(organization, alias)
    if known is None:
        raise Http404
    its = {"customer": known.customer_id}
    payments = organization.payments.filter(**its).order_by("-id")[:MOST_ROWS]
    orders = organization.orders.filter(**its).order_by("-id")[:MOST_ROWS]
    context = {
        "alias": known,
        "aliases": known.customer.aliases.select_related("plugin").order_by("plugin__slug", "mode"),
        "payments": payments if member.may(Permission.PAYMENTS_VIEW) else [],
        "orders": orders if member.may(Permission.ORDERS_VIEW) else [],
    }
    return render(request, "installations/customer.html", context)
