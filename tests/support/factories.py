"""Builders for tests: each makes one real thing, the way the program itself makes it where that is possible."""

import json
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from django.utils import timezone

from installations import lifecycle
from installations.models import Installation
from kasilabs.accounts import audit, outbox
from kasilabs.accounts.models import Member, Organization, OutgoingMail, User
from kasilabs.accounts.permissions import Role
from kasilabs.jobs.models import State
from kasilabs.lib import ids
from kasilabs.lib.money import Money
from kasilabs.lib.states import Mode
from kasilabs.logs.gate_trace import gate_trace
from kasilabs.logs.gates import CALL_GATES
from kasilabs.logs.models import Call, CallState
from kasilabs.toolkits.effects import perform
from kasilabs.toolkits.payments import collect
from kasilabs.toolkits.payments.models import Payment
from kasilabs.toolkits.scope import Origin, Scope
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import Customer, Instance
from plugins import registry
from plugins.models import Version

PASSWORD = "a long enough password"
_serial = count(1)


def user(email: str = "", *, name: str = "", is_reviewer: bool = False) -> User:
    email = email or f"person{next(_serial)}@example.com"
    return User.objects.create_user(email, PASSWORD, name=name or email.split("@")[0].title(), is_reviewer=is_reviewer)


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
    return registry.add_version(organization=of, actor=ACTOR, raw=manifest(**changes)).version


EVERY_KIND: dict[str, Any] = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "title": "Label", "minLength": 2, "maxLength": 12, "pattern": "^[A-Z]"},
        "contact": {"type": "string", "format": "email", "title": "Contact"},
        "host": {"type": "string", "format": "uri", "title": "Host"},
        "region": {"type": "string", "enum": ["nairobi", "nakuru"], "title": "Region", "default": "nairobi"},
        "retries": {"type": "integer", "title": "Retries", "minimum": 0, "maximum": 5, "default": 2},
        "fee": {"type": "number", "title": "Fee", "exclusiveMinimum": 0},
        "atNight": {"type": "boolean", "title": "Answer at night", "default": False},
        "apiKey": {"type": "string", "title": "API key", "x-secret": True},
        "webhookKey": {"type": "string", "title": "Webhook key", "x-secret": True, "maxLength": 40},
    },
    "required": ["label", "apiKey"],
}


def installation(of: Organization, **changes: Any) -> Installation:
    """SUPPORT_DESK in the sandbox of its owner, not configured yet; changes are those of the manifest."""
    made = version(of, **changes)
    installed = lifecycle.install(organization=of, version=made, mode=Mode.SANDBOX, user=None, actor=ACTOR)
    return installed.installation


def call(number: Instance, *, at: datetime | None = None, **columns: Any) -> Call:
    """A finished row of the log, made at a time of the test's own; the id tells the same time."""
    at = at or timezone.now()
    own = {
        "id": UUID(int=ids.uuid7_floor(at).int + ids.uuid7().int % (1 << 62)),
        "plugin": "SUPPORT_DESK",
        "plugin_name": "Support Desk",
        "version": "1.0.0",
        "mode": "sandbox",
        "tool": "create_support_ticket",
        "state": CallState.SUCCEEDED,
        "status": 200,
        "duration_ms": 41,
        "gate_trace": gate_trace(CALL_GATES),
    }
    about = {"organization_id": number.organization_id, "instance_id": number.id, "instance_name": number.name}
    return Call.objects.create(**{**own, **about, "created": at, "finished": at, **columns})


def dead_mail(organization: Organization | None, *, text: str = "Habari", **columns: Any) -> OutgoingMail:
    """Make a mail that 30 attempts could not send."""
    mail = outbox.enqueue(recipient="nia@x.example", subject=text, text=text, organization=organization)
    dead = {"state": State.DEAD, "finished": timezone.now(), "attempt": 30, "last_error": "recipient_refused"}
    OutgoingMail.objects.filter(pk=mail.pk).update(**{**dead, **columns})
    mail.refresh_from_db()
    return mail


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


def origin(number: Instance, *, mode: Mode = Mode.SANDBOX, plugin: str = "GAS_OS", phone: str = "") -> Origin:
    """A bridge call of a plugin about a customer of this number, who may have a phone."""
    customer = Customer.objects.create(organization=number.organization)
    if phone:
        with_phone = customers.handles(number.organization, phone=phone, user_id=None)
        customers.add_handles(number.organization, customer.id, with_phone)
    scope = Scope(organization=number.organization, plugin=plugin, mode=mode)
    call = f"brc_{next(_serial):026}"
    return Origin(call=call, scope=scope, instance=number, customer=customer, alias=f"cus_{customer.id.hex}")


def cash_payment(number: Instance, reference: str = "ORDER-1", minor: int = 105_000, **changed: Any) -> Payment:
    """A live payment in cash, which waits for a person; changes are those of its origin."""
    payment = collect.initiate(
        origin(number, **{"mode": Mode.LIVE, **changed}),
        amount=Money(minor, "KES"),
        reference=reference,
        description="13 kg of gas",
        method="cash",
    )
    perform.perform(payment.effect)
    payment.refresh_from_db()
    return payment
