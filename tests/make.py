"""Builders for tests: each makes one real thing, the way the program itself makes it where that is possible."""

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from kasilabs.accounts import audit
from kasilabs.accounts.models import Member, Organization, User
from kasilabs.accounts.permissions import Role
from kasilabs.whatsapp.models import Instance
from plugins import registry
from plugins.models import Version

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


ACTOR = audit.Actor.command("tests")

SUPPORT_DESK: dict[str, Any] = {
    "slug": "SUPPORT_DESK",
    "version": "1.0.0",
    "name": "Support Desk",
    "description": "Creates support tickets and looks them up.",
    "baseUrl": "https://support.example/tools",
    "auth": {"type": "secret"},
    "permissions": [
        {
            "key": "support:tickets:create",
            "label": "Create tickets",
            "description": "Writes a ticket into the support desk.",
            "default": True,
        }
    ],
    "configurationSchema": {
        "type": "object",
        "properties": {
            "defaultQueue": {"type": "string", "title": "Default queue", "maxLength": 40},
            "apiKey": {"type": "string", "title": "API key", "x-secret": True},
        },
        "required": ["defaultQueue"],
    },
    "tools": [
        {
            "name": "create_support_ticket",
            "description": "Create a support ticket. Use this when a customer reports something that does not work.",
            "inputSchema": {
                "type": "object",
                "properties": {"subject": {"type": "string", "minLength": 3}},
                "required": ["subject"],
                "additionalProperties": False,
            },
            "permissions": ["support:tickets:create"],
        }
    ],
}


def manifest(**changes: Any) -> bytes:
    """The manifest of SUPPORT_DESK with other members; None leaves one out."""
    document = {**SUPPORT_DESK, **changes}
    kept = {member: value for member, value in document.items() if value is not None}
    return json.dumps(kept, indent=2, ensure_ascii=False).encode()


def version(of: Organization, **changes: Any) -> Version:
    return registry.publish(organization=of, actor=ACTOR, raw=manifest(**changes)).version


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
