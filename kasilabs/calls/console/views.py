"""The last install step: a real call with the real result."""

from http import HTTPStatus

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django.views.decorators.vary import vary_on_headers

from grants.decision import risks
from grants.install.wizard import Step, WizardState
from kasilabs.accounts import members
from kasilabs.accounts.access import MemberRequest, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.calls.console import sample_input, test_call
from kasilabs.calls.console.forms import TestCallForm
from kasilabs.calls.console.test_call import TestCall
from kasilabs.lib.machine_api import request_id
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.lookup import number_or_404
from plugins.manifest.document import Tool


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@vary_on_headers("HX-Request")
@member_required(Permission.INSTALLATIONS_INSTALL)
def try_out(request: MemberRequest, slug: str) -> HttpResponseBase:
    """Shows the form of a test call, makes the call, and shows what came of it."""
    wizard = WizardState.load(request, slug)
    installation = wizard.installation
    if installation is None:
        return redirect(wizard.url(wizard.next_step))
    wizard = wizard.of_installed(installation)
    data = request.POST if request.method == "POST" else None
    asked = wizard.manifest.tool((data or request.GET).get("tool", ""))
    tool = asked if asked in wizard.manifest.offered_tools else test_call.suggested_tool(installation)
    initial = {"tool": tool.name, "input": sample_input.example(wizard.manifest, tool)} if tool else {}
    form = TestCallForm(test_call.granted_numbers(installation), wizard.manifest.offered_tools, initial, data)
    if data and data.get("installed", installation.revision) != installation.revision:
        form.add_error(None, _("Not called: the plugin was installed anew since this page was opened. Look again."))
    if data is None or tool is None:
        earlier = test_call.find_earlier(installation, request.GET.get("call", ""), by=request.user)
        return _page(request, wizard, form, tool, earlier)
    if not form.is_valid():
        return _page(request, wizard, form, tool, None, HTTPStatus.UNPROCESSABLE_ENTITY)
    number = number_or_404(request.organization, form.cleaned_data["number"])
    given, sent_as = form.cleaned_data["input"], request_id.current(request)
    made = test_call.make(installation, number, tool, given, by=request.user, request_id=sent_as)
    if not (request.htmx or made.violations):
        return redirect(f"{request.path}?tool={tool.name}&call={made.call.public_id}")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if made.violations else HTTPStatus.OK
    return _page(request, wizard, form, tool, made, status)


def _page(
    request: MemberRequest,
    wizard: WizardState,
    form: TestCallForm,
    tool: Tool | None,
    made: TestCall | None,
    status: int = HTTPStatus.OK,
) -> HttpResponse:
    """Returns the page, or the card of the test call alone to the script that made one."""
    plugin = wizard.version.plugin
    context = {
        "wizard": wizard,
        "manifest": wizard.manifest,
        "installation": wizard.installation,
        "plugin": plugin,
        "form": form,
        "tool": tool,
        "tools": wizard.manifest.offered_tools,
        "test_call": made,
    }
    if tool is not None:
        context |= {"tags": risks.of_tool(tool), "properties": sample_input.properties(tool)}
    if request.htmx and request.method == "POST":
        return render(request, "calls/install_test.html#try", context, status=status)
    context["steps"] = wizard.step_links(Step.TEST)
    if not request.member.may(Permission.GRANTS_CHANGE):
        context["granters"] = members.holders(request.organization, Permission.GRANTS_CHANGE)
    if request.member.may(Permission.PLUGINS_DEVELOP):
        secrets = plugin.signing_secrets.live().filter(mode=Mode.SANDBOX)
        context |= {"secrets": secrets, "has_unseen": any(secret.shown is None for secret in secrets)}
    return render(request, "calls/install_test.html", context, status=status)
