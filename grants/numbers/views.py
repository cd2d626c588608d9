"""The page of what the agent of a number is given."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from grants.numbers.tools import tools_of_number
from kasilabs.accounts.access import MemberRequest, member_required
from kasilabs.accounts.permissions import Permission
from kasilabs.whatsapp.lookup import number_or_404


@require_safe
@vary_on_headers("HX-Request")
@member_required(Permission.GRANTS_VIEW)
def number_tools(request: MemberRequest, number: str) -> HttpResponse:
    """Shows plugins, tools and suppressed toolkits of a number: a page, and a fragment of the number's own page."""
    instance = number_or_404(request.organization, number)
    template = "grants/number_tools.html" + ("#tools" if request.htmx else "")
    return render(request, template, {"number": instance, "given": tools_of_number(instance, request.member.may)})
