"""What the arguments of a command name, or the refusal to be printed instead."""

from collections.abc import Iterable

from kasilabs.accounts.models import Member, Organization
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.catalogue import Toolkit


def organization_or_refuse(slug: str) -> Organization:
    """Raises Refused (`unknown_organization`)."""
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise Refused("unknown_organization", f"There is no organization {slug}.")
    return organization


def member_or_refuse(organization: Organization, email: str | None) -> Member:
    """Returns the member a command acts for: the one with this address, else the first owner.

    Raises Refused (`not_a_member`).
    """
    members = organization.members.filter(user__is_active=True).select_related("user", "organization").order_by("pk")
    wanted = members.filter(user__email=email.lower()) if email else members.filter(role=Role.OWNER)
    member = wanted.first()
    if member is None:
        who = email or "An owner who can act"
        raise Refused("not_a_member", f"{who} is no member of {organization.slug}.")
    return member


def require_permissions(member: Member, needed: Iterable[Permission]) -> None:
    """Raises Refused (`missing_permission`), which names the first permission that is missing."""
    for permission in needed:
        if not member.may(permission):
            detail = f"{member.user.email} may not {permission.label} ({permission.value})."
            raise Refused("missing_permission", detail)


def toolkit_or_refuse(name: str) -> Toolkit:
    """Raises Refused (`unknown_toolkit`)."""
    if name not in set(Toolkit):
        raise Refused("unknown_toolkit", f"{name} is no toolkit; there are {', '.join(Toolkit)}.")
    return Toolkit(name)
