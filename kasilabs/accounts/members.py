"""Who belongs to an organization, and in which role.

Nobody gives a role that holds permissions they lack, nor touches a member who holds permissions they lack. The last
owner stays. A person may leave, but their role is changed by somebody else. `by` is the member who acts, or None for a
command on the machine, which may do all of it except leave an organization without an owner.
"""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts import audit
from kasilabs.accounts.models import Member, Organization, User
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused


@dataclass(frozen=True)
class Added:
    """Who was added; without a password yet, they need the mail with the link that sets one."""

    member: Member
    needs_password: bool


def holders(organization: Organization, permission: Permission) -> str:
    """Names the first six members who hold a permission, for those who lack it and want to ask somebody."""
    members = organization.members.select_related("user").order_by("pk")
    return ", ".join([str(member.user) for member in members if member.may(permission)][:6])


def add(
    *, organization: Organization, email: str, name: str, role: Role, by: Member | None, actor: audit.Actor
) -> Added:
    """Adds a person without asking them, and creates their account when the address is new. Raises Refused.

    For commands: people are asked by `invitations`. It sends no mail.
    """
    with audit.act(actor=actor, action="member.added", organization=organization) as act:
        require_giving(lock(organization, by), role)
        user = User.objects.get_or_create_user(email, name=name)
        member, is_new = Member.objects.get_or_create(organization=organization, user=user, defaults={"role": role})
        if not is_new:
            raise Refused("already_member", _("This person already belongs to the organization."))
        act.on(user.id.hex, user.email)
        act.change(after={"role": role.value})
    return Added(member, needs_password=not user.has_usable_password())


def change_role(*, member: Member, role: Role, by: Member | None, actor: audit.Actor, was: str = "") -> Member:
    """Gives a member another role, if they have the one that somebody saw who says which it `was`. Raises Refused."""
    organization = member.organization
    with audit.act(actor=actor, action="member.role_changed", organization=organization) as act:
        acting, member = lock(organization, by), _reload(organization, member)
        if acting and not acting.may_change(member):
            raise _refusal_to_touch(acting, member)
        require_giving(acting, role)
        if member.role != role:
            _require_role(member, was)
        act.on(member.user_id.hex, member.user.email)
        act.change(before={"role": member.role}, after={"role": role.value})
        if member.role == role:
            act.nothing()
        member.role = role
        member.save(update_fields=["role"])
        _require_owner(organization)
    return member


def remove(*, member: Member, by: Member | None, actor: audit.Actor, was: str = "") -> None:
    """Ends a membership and the invitations the person sent; their account stays. Raises Refused.

    Whoever says which role it `was` ends it only with that one.
    """
    organization = member.organization
    with audit.act(actor=actor, action="member.removed", organization=organization) as act:
        acting, member = lock(organization, by), _reload(organization, member)
        if acting and not acting.may_remove(member):
            raise _refusal_to_touch(acting, member)
        _require_role(member, was)
        act.on(member.user_id.hex, member.user.email)
        act.change(before={"role": member.role})
        ended = organization.invitations.unanswered().filter(created_by=member.user).update(revoked=timezone.now())
        if ended:
            act.change(after={"invitationsRevoked": ended})
        member.delete()
        _require_owner(organization)


def lock(organization: Organization, by: Member | None) -> Member | None:
    """Lets changes of one organization's members wait for each other; returns the acting member as they are now."""
    Organization.objects.select_for_update().get(pk=organization.pk)
    if by is None:
        return None
    acting = organization.members.select_related("user").filter(pk=by.pk).first()
    if acting is None or not acting.may(Permission.MEMBERS_CHANGE):
        raise Refused("not_allowed", _("You may no longer change the people of this organization."))
    return acting


def _reload(organization: Organization, member: Member) -> Member:
    current = organization.members.select_related("user").filter(pk=member.pk).first()
    if current is None:
        raise Refused("not_a_member", _("This person does not belong to the organization any more."))
    return current


def require_giving(by: Member | None, role: Role) -> None:
    """Raises Refused unless a member may give a role."""
    if by and role not in by.roles_to_give:
        raise Refused("role_beyond_yours", _("You cannot give a role that may do more than you may."))


def _require_role(member: Member, was: str) -> None:
    if was and member.role != was:
        words = _("The role of %(person)s was changed meanwhile. The page said %(was)s, and now it is %(role)s.")
        names = {"person": member.user, "was": Role(was).label, "role": member.get_role_display()}
        raise Refused("changed_meanwhile", words % names)


def _refusal_to_touch(by: Member, member: Member) -> Refused:
    if by.user_id == member.user_id:
        return Refused("own_role", _("Somebody else has to change your own role."))
    return Refused("member_beyond_you", _("This person may do more than you may, so you cannot change or remove them."))


def _require_owner(organization: Organization) -> None:
    members = organization.members.filter(user__is_active=True)
    if not any(member.may(Permission.OWNERSHIP) for member in members):
        raise Refused("last_owner", _("An organization keeps at least one owner. Make somebody else owner first."))
