"""The last install step: a real call with the real result."""

from http import HTTPStatus
from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from grants.decision import risks
from grants.install.wizard import Step, WizardState
from installations.models import Installation
from kasilabs.accounts import members
from kasilabs.accounts.access import MemberRequest, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.calls.console import sample_input, test_call
from kasilabs.calls.console.forms import TrialForm
from kasilabs.calls.console.test_call import Trial
from kasilabs.lib.machine_api import request_id
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.lookup import number_or_404
from plugins.manifest.document import Tool


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
@member_required(Permission.INSTALLATIONS_INSTALL)
def try_out(request: MemberRequest, slug: str) -> HttpResponseBase:
    """Show the form of a test call, make the call, and show what came of it."""
    wizard = WizardState.load(request.organization, slug, request.session)
    if wizard.installation is None:
        return redirect(wizard.url(wizard.next_step))
    tool, form = _form(request, wizard, wizard.installation)
    if request.method != "POST" or tool is None:
        earlier = test_call.earlier(wizard.installation, request.GET.get("call", ""), request.user)
        return _page(request, wizard, form, tool, earlier)
    if not form.is_valid():
        return _page(request, wizard, form, tool, None, HTTPStatus.UNPROCESSABLE_ENTITY)
    made = _call(request, wizard.installation, tool, form)
    if not (request.htmx or made.violations):
        return redirect(f"{request.path}?tool={tool.name}&call={made.call.public_id}")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if made.violations else HTTPStatus.OK
    return _page(request, wizard, form, tool, made, status)


def _form(request: MemberRequest, wizard: WizardState, installation: Installation) -> tuple[Tool | None, TrialForm]:
    """Return the tool that is tried and its form: the one asked for, else the one to try first."""
    data: QueryDict | None = request.POST if request.method == "POST" else None
    asked = wizard.manifest.tool((data or request.GET).get("tool", ""))
    offered = wizard.manifest.offered_tools
    tool = asked if asked in offered else test_call.first(installation)
    initial = {"tool": tool.name, "input": sample_input.text(wizard.manifest, tool)} if tool else {}
    return tool, TrialForm(test_call.numbers(installation), offered, initial, data)


def _call(request: MemberRequest, installation: Installation, tool: Tool, form: TrialForm) -> Trial:
    return test_call.run(
        installation,
        number_or_404(request.organization, form.cleaned_data["number"]),
        tool,
        form.cleaned_data["input"],
        by=request.user,
        request_id=request_id.current(request),
    )


def _page(
    request: MemberRequest,
    wizard: WizardState,
    form: TrialForm,
    tool: Tool | None,
    made: Trial | None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    context = {
        "wizard": wizard,
        "manifest": wizard.manifest,
        "installation": wizard.installation,
        "plugin": wizard.version.plugin,
        "form": form,
        "tool": tool,
        "tools": wizard.manifest.offered_tools,
        "trial": made,
    }
    if tool is not None:
        context |= {"tags": risks.of_tool(tool), "members": sample_input.members(tool)}
    if request.htmx and request.method == "POST":
        return render(request, "calls/install_test.html#try", context, status=status)
    context |= {"steps": wizard.step_links(Step.TEST), **_secrets(request, wizard)}
    if not request.member.may(Permission.GRANTS_CHANGE):
        context["granters"] = members.holders(request.organization, Permission.GRANTS_CHANGE)
    return render(request, "calls/install_test.html", context, status=status)


def _secrets(request: MemberRequest, wizard: WizardState) -> dict[str, Any]:
    """Return what the card of the signing secrets shows; only developers of the owner see it."""
    if not request.member.may(Permission.PLUGINS_DEVELOP):
        return {}
    secrets = wizard.version.plugin.signing_secrets.live().filter(mode=Mode.SANDBOX)
    return {"secrets": secrets, "has_unseen": any(secret.shown is None for secret in secrets)}
