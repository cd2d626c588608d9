"""Who a command acts for: a member of an organization, with the permissions they hold and no more."""

from kasilabs.accounts.models import Member, Organization
from kasilabs.accounts.permissions import Permission, Role
from kasilabs.lib.refusal import Refused


def organization(slug: str) -> Organization:
    """Raises Refused (`unknown_organization`)."""
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise Refused("unknown_organization", f"There is no organization {slug}.")
    return found


def member(of: Organization, email: str | None) -> Member:
    """Return the member with this address; without one the first owner. Raises Refused (`not_a_member`)."""
    people = of.members.filter(user__is_active=True).select_related("user", "organization").order_by("pk")
    wanted = people.filter(user__email=email.lower()) if email else people.filter(role=Role.OWNER)
    found = wanted.first()
    if found is None:
        who = email or "An owner who can act"
        raise Refused("not_a_member", f"{who} is no member of {of.slug}.")
    return found


def require(acting: Member, *needed: Permission) -> None:
    """Raises Refused (`missing_permission`), which names the first permission that is missing."""
    for permission in needed:
        if not acting.may(permission):
            detail = f"{acting.user.email} may not {permission.label} ({permission.value})."
            raise Refused("missing_permission", detail)
