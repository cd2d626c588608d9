"""Pages that look across all apps: home, overview, the manifest schema."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from grants.decision.context import DecisionContext
from grants.matrix.needs import find_stuck_plugins
from kasilabs.accounts.access import (
    MemberRequest,
    PersonRequest,
    member_required,
    open_to_all,
    person_required,
)
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Permission
from kasilabs.dashboard import components as component_samples
from kasilabs.dashboard.next_step import next_step
from kasilabs.logs import search
from kasilabs.logs.filters import LENGTHS, Range
from kasilabs.logs.models import FAULTS, CallState
from kasilabs.toolkits.payments import search as payments
from plugins.manifest.checks import manifest_schema as schemas

MOST_ROWS = 8
MOST_FAILURES = 6
MOST_STUCK = 4
ALWAYS_COUNTED = frozenset(CallState) - {CallState.OPEN, CallState.LOST}
"""What the overview counts also when there is none of it."""


@require_safe
@person_required("It leads to the first organization of the person who asks.")
def home(request: PersonRequest) -> HttpResponseBase:
    """Leads to the first organization; somebody without one is told so."""
    membership = Member.objects.filter(user=request.user).select_related("organization").order_by("id").first()
    if membership is None:
        return render(request, "no_organization.html")
    return redirect("overview", membership.organization.slug)


@require_safe
@member_required(Permission.OVERVIEW_VIEW)
def overview(request: MemberRequest) -> HttpResponse:
    """Shows what is missing before tools work, how calls end, the last failures, numbers and installations."""
    organization, member = request.organization, request.member
    numbers = list(organization.instances.defer("system_prompt").order_by("name"))
    installations = organization.installations.not_removed().order_by("-id").fetch_with_manifests()
    may_read = member.may(Permission.LOGS_VIEW)
    failures = search.last_failures(organization, limit=MOST_FAILURES) if may_read else []
    a_day_ago = timezone.now() - LENGTHS[Range.DAY]
    outcomes = search.count_outcomes(organization, since=a_day_ago) if may_read else {}
    contexts = DecisionContext.load_many(organization, numbers, installations=installations[::-1])
    stuck = find_stuck_plugins(contexts.values(), member.may)
    has_grant = any(context.grants for context in contexts.values())
    may_see_payments = member.may(Permission.PAYMENTS_VIEW)
    context = {
        "overdue": payments.overdue(organization, timezone.now()).count() if may_see_payments else 0,
        "numbers": numbers[:MOST_ROWS],
        "installations": installations[:MOST_ROWS],
        "failures": failures,
        "outcomes": [(state, count) for state, count in outcomes.items() if count or state in ALWAYS_COUNTED],
        "fault_states": FAULTS,
        "stuck": stuck[:MOST_STUCK],
        "more_stuck": len(stuck[MOST_STUCK:]),
        "next_step": next_step(member, has_number=bool(numbers), has_plugin=bool(installations), has_grant=has_grant),
    }
    return render(request, "overview.html", context)


@require_safe
@cache_control(public=True, max_age=3600)
@open_to_all("Editors and authors read the schema of manifests without an account.")
def manifest_schema(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Serves the JSON Schema of manifest v1."""
    return JsonResponse(schemas.MANIFEST_SCHEMA, content_type="application/schema+json")


@require_safe
@person_required("Every part of the look on one page; only in the demo.")
def components(request: PersonRequest) -> HttpResponse:
    """Shows the kitchen-sink page the accessibility gate runs on."""
    if not settings.DEMO:
        raise Http404
    return render(request, "components.html", component_samples.context())
