"""The page that explains one row of the matrix on one number."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from grants.matrix import build, forms
from grants.matrix import explain as explanations
from kasilabs.accounts.access import MemberRequest, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.whatsapp.lookup import number_or_404


@require_safe
@member_required(Permission.GRANTS_VIEW)
def explain(request: MemberRequest) -> HttpResponse:
    """Answer why a tool or a permission works on a number, or which gate stops it."""
    organization = request.organization
    context: dict[str, object] = {
        "numbers": organization.instances.order_by("name"),
        "tools": explanations.tools(build.installed(organization)),
    }
    asked = forms.asked(request.GET)
    if asked is not None:
        instance = number_or_404(organization, asked.number)
        found = explanations.explain(instance, asked.slug, asked.name)
        if found is None:
            raise Http404
        may_fix = found.fix is not None and request.member.may(found.fix.permission)
        context |= {"number": instance, "explanation": found, "asked": asked, "may_fix": may_fix}
    return render(request, "grants/explain.html", context)
