"""The page that explains one row of the matrix on one number."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from grants.matrix.build import installations_by_name
from grants.matrix.explain import agent_tool_names, explain_row
from grants.matrix.params import ExplainQuery
from kasilabs.accounts.access import MemberRequest, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.whatsapp.lookup import number_or_404


@require_safe
@member_required(Permission.GRANTS_VIEW)
def explain(request: MemberRequest) -> HttpResponse:
    """Answers why a tool or a permission works on a number, or which gate stops it."""
    organization = request.organization
    context: dict[str, object] = {
        "numbers": organization.instances.order_by("name"),
        "tools": agent_tool_names(installations_by_name(organization)),
    }
    asked = ExplainQuery.from_query(request.GET)
    if asked is not None:
        instance = number_or_404(organization, asked.number)
        explanation = explain_row(instance, asked.slug, asked.name, request.member.may)
        if explanation is None:
            raise Http404
        context |= {"number": instance, "explanation": explanation, "asked": asked}
    return render(request, "grants/explain.html", context)
