"""Builders for tests: each makes one real thing, the way the program itself makes it where that is possible."""

from dataclasses import dataclass
from itertools import count

from kasilabs.accounts.models import Member, Organization, User
from kasilabs.accounts.permissions import Role
from kasilabs.whatsapp.models import Instance

PASSWORD = "a long enough password"
_serial = count(1)


def user(email: str = "", *, name: str = "", is_reviewer: bool = False) -> User:
    email = email or f"person{next(_serial)}@example.com"
    return User.objects.create_user(
        email, PASSWORD, name=name or email.split("@")[0].title(), is_reviewer=is_reviewer
    )


def organization(slug: str = "", *, name: str = "") -> Organization:
    slug = slug or f"organization-{next(_serial)}"
    return Organization.objects.create(slug=slug, name=name or slug.replace("-", " ").title())


def member(of: Organization, role: Role, *, email: str = "") -> Member:
    return Member.objects.create(
        organization=of, role=role, user=user(email or f"{role.value}@{of.slug}.example", name=role.value.title())
    )


def number(of: Organization, name: str = "Legal Consultations") -> Instance:
    return Instance.objects.create(organization=of, name=name, number=f"+2547000{next(_serial):05}")


@dataclass(frozen=True)
class Cast:
    """One organization with a member in every role, a stranger of a rival organization, and a reviewer."""

    organization: Organization
    owner: User
    admin: User
    developer: User
    operator: User
    viewer: User
    rival: Organization
    stranger: User
    reviewer: User


def cast() -> Cast:
    ours, rival = organization("kasi-legal", name="Kasi Legal"), organization("rival-law", name="Rival Law")
    people = {role.value: member(ours, role).user for role in Role}
    stranger = member(rival, Role.OWNER, email="stranger@rival-law.example").user
    return Cast(
        organization=ours,
        rival=rival,
        stranger=stranger,
        reviewer=user("reviewer@kasilabs.example", is_reviewer=True),
        **people,
    )
