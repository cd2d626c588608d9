"""Pages that look across all apps: home, overview, the manifest schema, error pages."""

from dataclasses import dataclass

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from kasilabs.accounts import members
from kasilabs.accounts.access import (
    MemberRequest,
    MissingPermission,
    PersonRequest,
    member_required,
    open_to_all,
    person_required,
)
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from kasilabs.dashboard import overview as overviews
from kasilabs.lib.machine_api import problems, request_id
from plugins.manifest.checks import manifest_schema as schemas


@require_safe
@person_required("It leads to the first organization of the person who asks.")
def home(request: PersonRequest) -> HttpResponseBase:
    """Lead to the first organization; somebody without one is told so."""
    membership = Member.objects.filter(user=request.user).select_related("organization").order_by("id").first()
    if membership is None:
        return render(request, "no_organization.html")
    return redirect("overview", membership.organization.slug)


@require_safe
@member_required(Permission.OVERVIEW_VIEW)
def overview(request: MemberRequest) -> HttpResponse:
    """Show numbers, installations and the last failures, with the next act where something is missing."""
    return render(request, "overview.html", overviews.context(request.member))


@require_safe
@cache_control(public=True, max_age=3600)
@open_to_all("Editors and authors read the schema of manifests without an account.")
def manifest_schema(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Serve the JSON Schema of manifest v1."""
    return JsonResponse(schemas.MANIFEST_SCHEMA, content_type="application/schema+json")


@require_safe
@person_required("Every part of the look on one page; only in the demo.")
def components(request: PersonRequest) -> HttpResponse:
    """Show the kitchen-sink page the accessibility gate runs on."""
    if not settings.DEMO:
        raise Http404
    return render(request, "components.html")


@dataclass(frozen=True)
class Missing:
    """What the 403 page says: the permission, what was wanted, who has it and who can give it."""

    permission: Permission
    title: str
    wanted: str
    holders: str
    givers: str


def _missing(request: HttpRequest, error: MissingPermission) -> Missing:
    organization = error.member.organization
    roles = ", ".join(str(role.label) for role in Role if error.permission in ROLE_PERMISSIONS[role])
    wanted = _("Open %(path)s") if request.method in {"GET", "HEAD"} else _("Change something at %(path)s")
    return Missing(
        permission=error.permission,
        title=_("You may not %(act)s") % {"act": error.permission.label},
        wanted=wanted % {"path": request.path},
        holders=f"{roles}: {members.holders(organization, error.permission)}",
        givers=members.holders(organization, Permission.MEMBERS_CHANGE),
    )


def _page(request: HttpRequest, template: str, status: int, **context: object) -> HttpResponse:
    if problems.is_machine_api(request.path_info):
        return problems.generic(status)
    return render(request, template, {"request_id": request_id.current(request), **context}, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, "400.html", 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    missing = _missing(request, exception) if isinstance(exception, MissingPermission) else None
    return _page(request, "403.html", 403, missing=missing)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return _page(request, "404.html", 404)


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer for allauth; all its limits that end here count within a minute."""
    answer = _page(request, "429.html", 429)
    answer.headers["Retry-After"] = "60"
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(request, "500.html", 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return _page(request, "csrf_failure.html", 403)
