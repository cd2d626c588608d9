from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kasilabs.accounts import members
from kasilabs.accounts.access import MemberRequest, actor, member_required
from kasilabs.accounts.forms import AddMember, ChangeRole
from kasilabs.accounts.invitations import changes
from kasilabs.accounts.models import Member
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused


@require_safe
@member_required(Permission.MEMBERS_VIEW)
def list_members(request: MemberRequest) -> HttpResponse:
    """Shows who belongs to the organization; changing them is for those who may."""
    return _members_page(request, AddMember(by=request.member))


@require_POST
@member_required(Permission.MEMBERS_CHANGE)
def add(request: MemberRequest) -> HttpResponseBase:
    """Invites a person; the answer is the same for an address with an account and one without."""
    form = AddMember(request.POST, by=request.member)
    if not form.is_valid():
        return _members_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    try:
        invitation = changes.invite(
            organization=request.organization, by=request.member, actor=actor(request), **form.cleaned_data
        )
    except Refused as refused:
        form.add_error("role" if refused.code == "role_beyond_yours" else "email", str(refused))
        return _members_page(request, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    sentence = _("An invitation is on its way to %(email)s. It works for %(days)s days.")
    messages.success(request, sentence % {"email": invitation.email, "days": changes.LIFETIME.days})
    return redirect("accounts:members", request.organization.slug)


@require_POST
@member_required(Permission.MEMBERS_CHANGE)
def revoke_invitation(request: MemberRequest, invitation: UUID) -> HttpResponseBase:
    row = get_object_or_404(request.organization.invitations.select_related("organization"), pk=invitation)
    try:
        changes.revoke(invitation=row, by=request.member, actor=actor(request))
    except Refused as refused:
        return _refusal_page(request, str(refused))
    messages.success(request, _("The invitation to %(email)s was revoked.") % {"email": row.email})
    return redirect("accounts:members", request.organization.slug)


@require_POST
@member_required(Permission.MEMBERS_CHANGE)
def change_role(request: MemberRequest, person: UUID) -> HttpResponseBase:
    member = _member_or_404(request, person)
    form = ChangeRole(request.POST, prefix=person.hex)
    if not form.is_valid():
        return _refusal_page(request, _("Choose one of the roles."))
    role, was = form.cleaned_data["role"], form.cleaned_data["was"]
    try:
        members.change_role(member=member, role=role, by=request.member, actor=actor(request), was=was)
    except Refused as refused:
        return _refusal_page(request, str(refused), refused.code)
    sentence = _("The role of %(person)s is now %(role)s.")
    messages.success(request, sentence % {"person": member.user, "role": role.label})
    return redirect("accounts:members", request.organization.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required(Permission.MEMBERS_CHANGE)
def remove(request: MemberRequest, person: UUID) -> HttpResponseBase:
    """Asks first, then ends the membership. Somebody who leaves is led out of the organization."""
    member = _member_or_404(request, person)
    if request.method != "POST":
        return render(request, "accounts/remove.html", {"leaving": member})
    was = request.POST.get("was", "")
    try:
        members.remove(member=member, by=request.member, actor=actor(request), was=was if was in Role.values else "")
    except Refused as refused:
        return _refusal_page(request, str(refused), refused.code)
    messages.success(request, _("%(person)s was removed.") % {"person": member.user})
    is_own = member.user_id == request.user.pk
    return redirect("home") if is_own else redirect("accounts:members", request.organization.slug)


def _member_or_404(request: MemberRequest, person: UUID) -> Member:
    return get_object_or_404(request.organization.members.select_related("user", "organization"), user_id=person)


@dataclass(frozen=True)
class MemberRow:
    """A member, and what the person who asks may do about them."""

    member: Member
    roles: list[Role]
    may_remove: bool

    @classmethod
    def for_member(cls, member: Member, by: Member) -> "MemberRow":
        if not by.may(Permission.MEMBERS_CHANGE):
            return cls(member, [], may_remove=False)
        return cls(member, by.roles_to_give if by.may_change(member) else [], may_remove=by.may_remove(member))


def _members_page(
    request: MemberRequest, form: AddMember, *, refusal: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    organization_members = request.organization.members.select_related("user").order_by("id")
    rows = [MemberRow.for_member(member, by=request.member) for member in organization_members]
    invitations = request.organization.invitations.open().select_related("created_by").order_by("-id")
    context = {
        "rows": rows,
        "invitations": invitations,
        "roles_to_give": request.member.roles_to_give,
        "form": form,
        "refusal": refusal,
    }
    return render(request, "accounts/members.html", context, status=status)


def _refusal_page(request: MemberRequest, sentence: str, code: str = "") -> HttpResponse:
    form = AddMember(by=request.member)
    status = HTTPStatus.CONFLICT if code == "changed_meanwhile" else HTTPStatus.UNPROCESSABLE_ENTITY
    return _members_page(request, form, refusal=sentence, status=status)
