"""Where somebody signed out is led: to sign-in, and from there to the page they were on."""

import inspect
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from kasilabs.accounts.access import PageRequest
from kasilabs.lib.machine_api import problems

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
UNSAVED_COOKIE = "unsaved"
UNSAVED_SECONDS = 3600


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Let nobody in who is signed out, but into views that are open to all."""

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> Any:  # noqa: ARG002
        return to_sign_in(cast(PageRequest, request))


def to_sign_in(request: PageRequest) -> HttpResponse:
    """Leads to sign-in and from there to the current page; what was sent is gone, and `tell_unsaved` will say so."""
    response = redirect_page(request, redirect_to_login(current_page(request)).url)
    if request.method not in SAFE_METHODS:
        response.set_cookie(
            UNSAVED_COOKIE,
            "1",
            max_age=UNSAVED_SECONDS,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
    return response


def tell_unsaved(request: HttpRequest, response: HttpResponse) -> None:
    """Tells somebody who has just signed in that what they sent before was not saved."""
    if UNSAVED_COOKIE in request.COOKIES:
        messages.error(request, _("Your last change was not saved, because you had been signed out."))
        response.delete_cookie(UNSAVED_COOKIE)


def redirect_page(request: PageRequest, address: str) -> HttpResponse:
    """Returns a redirect of the whole page. The usual one would put the page it leads to into a part of this one."""
    return HttpResponseClientRedirect(address) if request.htmx else HttpResponseRedirect(address)


def current_page(request: PageRequest) -> str:
    """Returns the page a request comes from, as a path; if no GET opens it, the nearest one above that a GET does."""
    try:
        if request.htmx:
            page = request.htmx.current_url_abs_path
        else:
            page = None if request.method in SAFE_METHODS else _referring_page(request)
    except ValueError:  # An address that is none, such as http://[
        page = None
    if page is None or not url_has_allowed_host_and_scheme(page, allowed_hosts=None):
        page = request.get_full_path()
    if opens_with_get(page):
        return page
    path = urlsplit(page).path
    while not opens_with_get(path):
        path = path.rstrip("/").rpartition("/")[0] + "/"
    return path


def opens_with_get(page: str) -> bool:
    """Returns whether there is a page at this path: a view that takes a GET, and not one of the machine API."""
    path = unquote(urlsplit(page).path)
    if problems.is_machine_api(path):
        return False
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    # Django's decorators keep the methods a view takes to themselves.
    methods = inspect.getclosurevars(view).nonlocals.get("request_method_list")
    return methods is None or "GET" in methods


def needs_sign_in(page: str) -> bool:
    """Returns whether the view at this path is closed to somebody signed out."""
    return getattr(resolve(unquote(urlsplit(page).path)).func, "login_required", True)


def url() -> str:
    """Returns the path of the sign-in page."""
    return reverse(settings.LOGIN_URL)


def _referring_page(request: HttpRequest) -> str | None:
    referrer = urlsplit(request.headers.get("Referer", ""))
    is_ours = (referrer.scheme, referrer.netloc) == (request.scheme, request.get_host())
    return referrer._replace(scheme="", netloc="").geturl() if is_ours else None
