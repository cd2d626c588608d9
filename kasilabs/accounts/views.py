from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts import invitation, members
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.forms import AddMember, ChangeRole
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused


@dataclass(frozen=True)
class Row:
    """A member as the person who asks sees them; no roles to choose from where they may not be changed."""

    member: Member
    roles: list[Role]
    may_remove: bool


@require_safe
@member_required(Permission.MEMBERS_VIEW)
def list_members(request: MemberRequest) -> HttpResponse:
    """Show who belongs to the organization; changing them is for those who may."""
    return _page(request, AddMember(by=request.member))


@require_POST
@member_required(Permission.MEMBERS_CHANGE)
def add(request: MemberRequest) -> HttpResponseBase:
    """Add a person; an address that is new gets an account and a mail with the link that sets a password."""
    form = AddMember(request.POST, by=request.member)
    if not form.is_valid():
        return _page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        added = members.add(
            organization=request.organization, by=request.member, actor=actor(request), **form.cleaned_data
        )
    except Refused as refused:
        form.add_error("role" if refused.code == "role_beyond_yours" else "email", str(refused))
        return _page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    _say_added(request, added)
    return redirect("accounts:members", request.organization.slug)


@require_POST
@member_required(Permission.MEMBERS_CHANGE)
def change_role(request: MemberRequest, person: UUID) -> HttpResponseBase:
    member = _member(request, person)
    form = ChangeRole(request.POST, prefix=person.hex)
    if not form.is_valid():
        return _refusal(request, _("Choose one of the roles."))
    try:
        members.change_role(member=member, role=form.cleaned_data["role"], by=request.member, actor=actor(request))
    except Refused as refused:
        return _refusal(request, str(refused))
    words = {"person": member.user, "role": form.cleaned_data["role"].label}
    messages.success(request, _("The role of %(person)s is now %(role)s.") % words)
    return redirect("accounts:members", request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.MEMBERS_CHANGE)
def remove(request: MemberRequest, person: UUID) -> HttpResponseBase:
    """Ask first, then end the membership; the page after one's own leads out."""
    member = _member(request, person)
    if request.method != "POST":
        return render(request, "accounts/remove.html", {"leaving": member})
    try:
        members.remove(member=member, by=request.member, actor=actor(request))
    except Refused as refused:
        return _refusal(request, str(refused))
    messages.success(request, _("%(person)s was removed.") % {"person": member.user})
    is_own = member.user_id == request.user.pk
    return redirect("home") if is_own else redirect("accounts:members", request.organization.slug)


def _member(request: MemberRequest, person: UUID) -> Member:
    return get_object_or_404(request.organization.members.select_related("user", "organization"), user_id=person)


def _page(request: MemberRequest, form: AddMember, *, refusal: str = "", status: int = HTTPStatus.OK) -> HttpResponse:
    rows = [_row(request, member) for member in request.organization.members.select_related("user").order_by("id")]
    return render(request, "accounts/members.html", {"rows": rows, "form": form, "refusal": refusal}, status=status)


def _row(request: MemberRequest, member: Member) -> Row:
    by = request.member
    if not by.may(Permission.MEMBERS_CHANGE):
        return Row(member, [], may_remove=False)
    roles = members.roles_to_give(by) if members.may_change(by, member) else []
    return Row(member, roles, members.may_remove(by, member))


def _refusal(request: MemberRequest, sentence: str) -> HttpResponse:
    return _page(request, AddMember(by=request.member), refusal=sentence, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _say_added(request: MemberRequest, added: members.Added) -> None:
    person = {"person": added.member.user}
    if not added.needs_password:
        messages.success(request, _("%(person)s was added.") % person)
    elif invitation.send(added.member):
        words = _("%(person)s was added. A mail with a link to set a password is on its way.")
        messages.success(request, words % person)
    else:
        words = _("%(person)s was added, but the mail could not be sent. The link on the sign-in page sends another.")
        messages.warning(request, words % person)
