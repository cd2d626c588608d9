"""What people read when a request is refused or fails, and where an expired form leads back to."""

import sys
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.translation import gettext as _

from kasilabs.accounts import members, sign_in
from kasilabs.accounts.access import MissingPermission, PageRequest
from kasilabs.accounts.permissions import ROLE_PERMISSIONS, Permission, Role
from kasilabs.lib.db import connection
from kasilabs.lib.machine_api import problems, request_id


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


def method_not_allowed(request: HttpRequest, allowed: str) -> HttpResponse:
    answer = _page(request, "405.html", 405)
    answer.headers["Allow"] = allowed
    return answer


def too_many(request: HttpRequest) -> HttpResponse:
    """Answer for allauth; all its limits that end here count within a minute."""
    answer = _page(request, "429.html", 429)
    answer.headers["Retry-After"] = "60"
    return answer


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer for what no view caught: 503 when it is the database that cannot be used now.

    The page is made without the request, whose session and person would have to be looked up.
    """
    is_unavailable = isinstance(sys.exc_info()[1], connection.UNAVAILABLE)
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_unavailable else HTTPStatus.INTERNAL_SERVER_ERROR
    headers = {"Retry-After": str(connection.RETRY_SECONDS)} if is_unavailable else {}
    if problems.is_machine_api(request.path_info):
        return problems.generic(status, headers=headers)
    template = get_template("503.html" if is_unavailable else "500.html")
    page = template.render({"request_id": request_id.current(request)})
    return HttpResponse(page, status=status, headers=headers)


def csrf_failure(request: PageRequest, reason: str = "") -> HttpResponse:
    """Leads back to the page a form stood on, when it is from before somebody signed in or out in another tab.

    A form of another site, and a browser that keeps no cookies, get a page that says so.
    """
    if not reason.startswith("CSRF token"):
        return _page(request, "csrf_failure.html", 403)
    page = sign_in.current_page(request)
    if not request.user.is_authenticated and sign_in.needs_sign_in(page):
        return sign_in.to_sign_in(request)
    if request.user.is_authenticated and urlsplit(page).path == sign_in.url():
        messages.info(request, _("You are signed in as %(person)s.") % {"person": request.user})
    else:
        messages.error(request, _("Not done, because this page was out of date. Do it once more."))
    return sign_in.redirect_page(request, page)
