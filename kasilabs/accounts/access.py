"""Who may open what: every view carries exactly one policy, and a test walks the URL map to see it.

Strangers get 404, members with too little right get 403 with the missing permission named, nobody gets a form that
would be refused later. The order of decorators is: the method, what caches may keep, the policy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec, cast

from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe
from django_htmx.middleware import HtmxDetails
from ninja import NinjaAPI

from kasilabs.accounts import audit
from kasilabs.accounts.models import Member, Organization, User
from kasilabs.accounts.permissions import Permission
from kasilabs.lib.machine_api import openapi, request_id

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]


class PageRequest(HttpRequest):
    """A request for a page or a part of one."""

    htmx: HtmxDetails


class PersonRequest(PageRequest):
    """A request of somebody signed in."""

    user: User


class MemberRequest(PersonRequest):
    """A request inside an organization the person belongs to."""

    organization: Organization
    member: Member
    memberships: list[Member]


def actor(request: PersonRequest) -> audit.Actor:
    """Returns who acts, for the audit trail."""
    return audit.Actor.person(request.user, request_id.current(request))


@dataclass(frozen=True)
class Policy:
    """How a view is protected; the test over the URL map reads it."""

    kind: str
    permission: Permission | None = None
    reason: str = ""


class MissingPermission(PermissionDenied):
    """A member lacks one permission. The 403 page says which, who has it and who can give it."""

    def __init__(self, permission: Permission, member: Member) -> None:
        super().__init__(permission.value)
        self.permission = permission
        self.member = member


def member_required(
    permission: Permission,
) -> Callable[[Callable[Concatenate[MemberRequest, P], HttpResponseBase]], View]:
    """Opens a view under ``/o/<org>/`` to members who hold `permission`; the slug becomes `request.organization`."""

    def decorate(view: Callable[Concatenate[MemberRequest, P], HttpResponseBase]) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, org: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            inside = enter(cast(PersonRequest, request), org)
            require(inside.member, permission)
            with timezone.override(inside.organization.zone):
                return view(inside, *args, **kwargs)

        guarded.policy = Policy("member", permission)  # type: ignore[attr-defined]
        return guarded

    return decorate


def reauthenticated(
    view: Callable[Concatenate[MemberRequest, P], HttpResponseBase],
) -> Callable[Concatenate[MemberRequest, P], HttpResponseBase]:
    """Lets somebody prove again who they are before a dangerous act, unless they did a short while ago.

    It stands below the policy, so that whoever may not is told so first.
    """
    guarded: Callable[Concatenate[MemberRequest, P], HttpResponseBase] = reauthentication_required(view)
    return guarded


def enter(request: PersonRequest, slug: str) -> MemberRequest:
    """Loads the memberships of the person who asks, in one query. Raises Http404 for strangers."""
    mine = list(memberships(request.user))
    member = next((each for each in mine if each.organization.slug == slug), None)
    if member is None:
        raise Http404
    inside = cast(MemberRequest, request)
    inside.member, inside.organization, inside.memberships = member, member.organization, mine
    return inside


def memberships(user: User) -> QuerySet[Member]:
    """Returns where somebody belongs, by the name of the organization."""
    return Member.objects.select_related("organization", "user").filter(user=user).order_by("organization__name", "pk")


def require(member: Member, permission: Permission) -> None:
    """Raises MissingPermission unless `member` holds `permission`."""
    if not member.may(permission):
        raise MissingPermission(permission, member)


def person_required(reason: str) -> Callable[[View], View]:
    """Opens a view to everybody signed in, for a stated reason."""

    def decorate(view: View) -> View:
        view.policy = Policy("person", reason=reason)  # type: ignore[attr-defined]
        return view

    return decorate


def staff_required(reason: str) -> Callable[[Callable[Concatenate[PersonRequest, P], HttpResponseBase]], View]:
    """Opens a view of the platform itself to its staff, for a stated reason. Everybody else finds nothing."""

    def decorate(view: Callable[Concatenate[PersonRequest, P], HttpResponseBase]) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            theirs = cast(PersonRequest, request)
            if not theirs.user.is_reviewer:
                raise Http404
            return view(theirs, *args, **kwargs)

        guarded.policy = Policy("staff", reason=reason)  # type: ignore[attr-defined]
        return guarded

    return decorate


def open_to_all(reason: str) -> Callable[[View], View]:
    """Opens a view to everybody, for a stated reason."""

    def decorate(view: View) -> View:
        opened: Any = login_not_required(view)
        opened.policy = Policy("open", reason=reason)
        return cast(View, opened)

    return decorate


def machine_patterns(api: NinjaAPI, *, prefix: str, reason: str) -> list[URLPattern]:
    """Returns the views of an API, opened to machines, and the document that describes them, opened to all.

    ninja's own page at the root of an API is left out. The document is made once in a process: making it costs as much
    as many requests, and strangers may ask for it.
    """

    @cache
    def made() -> bytes:
        return JsonResponse(openapi.describe(api, prefix=prefix)).content

    def document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
        return HttpResponse(made(), content_type="application/json")

    opened = [pattern for pattern in api.urls[0] if isinstance(pattern, URLPattern) and pattern.name != "api-root"]
    for pattern in opened:
        pattern.callback = machine(reason)(pattern.callback)
    described = require_safe(open_to_all("Authors and their tools read what an API takes and answers.")(document))
    return [*opened, path("openapi.json", described, name="openapi")]


def machine(reason: str) -> Callable[[View], View]:
    """Opens a view to machines that bring their own proof: no session, no CSRF token."""

    def decorate(view: View) -> View:
        opened: Any = login_not_required(view)
        opened.policy = Policy("machine", reason=reason)
        opened.csrf_exempt = True
        return cast(View, opened)

    return decorate
