"""An organization in which everything is there at least once: what the browser tests open."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.utils import timezone

from grants.changes import plugins, toolkits
from installations import aliases, lifecycle
from installations.models import Installation
from kasilabs.accounts import outbox
from kasilabs.accounts.invitations import changes
from kasilabs.accounts.models import Member, Organization, OutgoingMail
from kasilabs.accounts.permissions import Role
from kasilabs.configuration.command_line import read_settings
from kasilabs.lib.crypto import fields
from kasilabs.lib.money import Money
from kasilabs.lib.states import Mode
from kasilabs.logs.gate_trace import gate_trace
from kasilabs.logs.gates import BEFORE_SENDING, BRIDGE_GATES, CALL_GATES, Gate
from kasilabs.logs.models import Call, CallKind, CallState
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.toolkits.effects.models import Effect, Stage
from kasilabs.toolkits.escalations import changes as escalations
from kasilabs.toolkits.escalations.models import Escalation, Priority
from kasilabs.toolkits.orders import after_sale
from kasilabs.toolkits.orders import changes as orders
from kasilabs.toolkits.orders.after_sale import ReturnedItem
from kasilabs.toolkits.orders.changes import Item
from kasilabs.toolkits.orders.models import AfterSaleKind, Order
from kasilabs.toolkits.payments import refunds, settlement
from kasilabs.toolkits.payments.models import Payment, PaymentState
from kasilabs.whatsapp import agent_keys, chat_answerers, numbers
from kasilabs.whatsapp.models import Instance
from plugins import registry
from tests.support import factories, samples
from tests.support.factories import Cast

SHOP: dict[str, Any] = {
    "slug": "PRINT_SHOP",
    "name": "Print Shop",
    "description": "Prints what customers send.",
    "configurationSchema": factories.EVERY_KIND,
    "requires": [{"toolkit": "ECOMMERCE"}],
    "permissions": [
        *factories.SUPPORT_DESK["permissions"],
        {"key": "bridge:commerce:create_order", "reason": "To sell them."},
    ],
}
NEEDS: dict[str, Any] = {
    "requires": [
        {"anyOf": [{"toolkit": "PAYMENTS"}, {"toolkit": "ECOMMERCE"}], "reason": "A rider leaves for paid orders."},
        {"plugin": "SHOP_DESK"},
        {"access": "chat", "reason": "Somebody has to take complaints."},
    ],
    "workflows": [
        {
            "title": "Paid delivery order",
            "steps": [
                {"toolkit": "PAYMENTS", "does": "Confirms the payment."},
                {"tool": "create_support_ticket", "does": "Books a rider."},
            ],
        }
    ],
}
RIDERS: dict[str, Any] = {"slug": "WHEELS", "name": "Wheels", "configurationSchema": None, **NEEDS}
CASES: list[dict[str, Any]] = [
    {
        "request": {"tool": "create_support_ticket", "input": {"subject": "No invoice", "urgent": True, "copies": 2}},
        "response": {"status": "created", "reference": "T-1001", "queue": "billing"},
        "timings": {"gates_ms": 4.1, "connect_ms": 0, "wait_ms": 210.4, "read_ms": 0.4, "check_ms": 1.2},
        "alias": "ku_7f2q",
        "plugin_status": 200,
        "response_bytes": 61,
    },
    {
        "state": CallState.REFUSED,
        "status": 403,
        "code": "refused",
        "gate": Gate.TOOL_GRANT,
        "detail": "The tool is off for this number.",
        "gate_trace": gate_trace(BEFORE_SENDING, Gate.TOOL_GRANT),
    },
    {
        "state": CallState.DECLINED,
        "status": 422,
        "code": "declined",
        "reason": "ticket_closed",
        "gate": Gate.BUSINESS,
        "detail": "This ticket is closed already.",
        "gate_trace": gate_trace((*BEFORE_SENDING, Gate.PLUGIN_AUTH), Gate.BUSINESS),
        "plugin_status": 409,
    },
    {
        "state": CallState.PLUGIN_FAULT,
        "status": 502,
        "code": "unsafe_response",
        "reason": "guard",
        "gate": Gate.RESPONSE,
        "detail": "The plugin's answer was held back because it contained something private.",
        "diagnosis": {"heldBack": {"kind": "phone", "pointer": "/customers/0/note"}},
        "gate_trace": gate_trace(CALL_GATES, Gate.RESPONSE),
        "plugin_status": 200,
        "response": {"customers": [{"note": "[phone number hidden]"}]},
        "response_bytes": 18_211,
    },
    {"state": CallState.OUR_FAULT, "status": 500, "code": "server_error", "reason": "exception"},
    {"state": CallState.OPEN, "status": None, "finished": None, "duration_ms": None},
    {"state": CallState.LOST, "status": None, "duration_ms": None, "mode": Mode.LIVE},
    {
        "kind": CallKind.BRIDGE,
        "tool": "payments:initiate",
        "key": "invoice-of-ticket-T-1001",
        "bridge_call": UUID(int=7),
        "made_in": UUID(int=8),
        "request": {"method": "POST", "path": "/bridges/v1/payments", "body": {"reference": "T-1001"}},
        "response": {"status": "succeeded", "result": {"state": "paid", "reference": "T-1001"}},
        "gate_trace": gate_trace(BRIDGE_GATES),
    },
    {
        "kind": CallKind.BRIDGE,
        "tool": "payments:initiate",
        "key": "invoice-of-ticket-T-1001",
        "bridge_call": UUID(int=7),
        "state": CallState.REFUSED,
        "status": 409,
        "code": "in_progress",
        "detail": "The first request with this idempotency key is still running.",
        "gate_trace": gate_trace(BRIDGE_GATES),
    },
]


@dataclass(frozen=True)
class Seed:
    """An organization with its people, numbers, installations and calls.

    The desk is granted to the legal number; the shop is installed and not configured. The riders are granted to the
    billing number and lack all they need.
    """

    cast: Cast
    legal: Instance
    billing: Instance
    closed: Instance
    desk: Installation
    shop: Installation
    riders: Installation
    calls: list[Call]
    invitation: str
    """The address of an open invitation to somebody new."""
    invitation_of_stranger: str
    payments: list[Payment]
    order: Order
    escalations: list[Escalation]
    """One that waits, one the operator holds, and one that is resolved."""


def build() -> Seed:
    cast = factories.cast()
    ours = cast.organization
    legal, billing, closed = (factories.number(ours, name) for name in ("Legal Consultations", "Billing", "Old line"))
    numbers.suspend(instance=closed, actor=factories.ACTOR)
    for number in (legal, legal, closed):
        agent_keys.rotate(instance=number, actor=factories.ACTOR)
    for toolkit in (Toolkit.ECOMMERCE, Toolkit.PAYMENTS):
        toolkits.install(organization=ours, toolkit=toolkit, actor=factories.ACTOR)
    toolkits.grant(instance=legal, toolkit=Toolkit.ECOMMERCE, actor=factories.ACTOR)
    for organization in (ours, None):
        factories.dead_mail(organization)
    desk = _desk(ours, legal)
    riders = factories.installation(ours, **RIDERS)
    plugins.grant_plugin(instance=billing, installation=riders, tools=None, permissions=None, actor=factories.ACTOR)
    factories.version(ours, slug="DRAFT_DESK", name="Draft Desk", configurationSchema=factories.EVERY_KIND)
    factories.version(ours, slug="DRAFT_WHEELS", name="Draft Wheels", **NEEDS)
    operator = ours.members.get(role=Role.OPERATOR)
    chat_answerers.add(instance=legal, member=operator, actor=factories.ACTOR)
    calls = [factories.call(legal, **case) for case in CASES]
    shop = factories.installation(ours, **SHOP)
    RecoveryCodes.activate(cast.reviewer)
    TOTP.activate(cast.reviewer, generate_totp_secret())
    invitation, of_stranger = (invite(cast, email) for email in ("amina@x.example", cast.stranger.email))
    made = (cast, legal, billing, closed, desk, shop, riders, calls)
    order = _order(legal)
    aliases.get_or_create(desk, order.customer_id)
    return Seed(*made, invitation, of_stranger, _payments(legal), order, _escalations(legal, operator))


def invite(cast: Cast, email: str) -> str:
    """Invite somebody, and return the address in the mail."""
    by = cast.organization.members.get(user=cast.owner)
    changes.invite(
        organization=cast.organization, email=email, name="Amina", role=Role.ADMIN, by=by, actor=factories.ACTOR
    )
    text = fields.reveal(OutgoingMail.objects.get(recipient=email), "text")
    return urlsplit(next(line for line in text.splitlines() if "/invitations/" in line)).path


def _payments(number: Instance) -> list[Payment]:
    """Make three payments in cash: one that waits, one nobody knows about, and one of which a part is to go back."""
    made = [factories.cash_payment(number, reference) for reference in ("B2C-1001", "B2C-1002", "B2C-1003 <b>")]
    _waiting, unknown, refunded = made
    Effect.objects.filter(pk=unknown.effect_id).update(stage=Stage.UNKNOWN, answer="unknown", answer_code="timeout")
    Payment.objects.filter(pk=unknown.pk).update(
        state=PaymentState.UNKNOWN, created=timezone.now() - timedelta(hours=3)
    )
    settlement.mark_settled(refunded, actor=factories.ACTOR, receipt="R-17", reason="Counted at the till")
    refunds.request_refund(refunded, amount=Money(5_000, "KES"), reason="The hose leaks", origin="brc_refund")
    return made


def _escalations(number: Instance, holder: Member) -> list[Escalation]:
    made = [
        escalations.create(
            factories.origin(number),
            reason=f"The cylinder leaks and the customer is afraid <b>{priority}</b>",
            priority=priority,
            summary="It was delivered this morning.\nThe rider is on his way back.",
        )
        for priority in (Priority.URGENT, Priority.HIGH, Priority.LOW)
    ]
    escalations.put_into_queue(made[0], "gas safety", actor=factories.ACTOR)
    for each in made[1:]:
        escalations.take(each, member=holder, actor=factories.ACTOR)
    escalations.resolve(made[2], member=holder, actor=factories.ACTOR, note="The valve was closed.")
    return made


def _order(number: Instance) -> Order:
    items = [Item("GAS-13", "13 kg cylinder", 2, 315_050), Item("HOSE", "Hose <b>", 1, 45_000)]
    order = orders.place(
        factories.origin(number),
        items=items,
        currency="KES",
        delivery={"address": "Ngong Road 1", "floor": 3},
        reference="B2C-1001",
    )
    after_sale.request_after_sale(
        order,
        kind=AfterSaleKind.RETURN,
        items=[ReturnedItem("HOSE", 1)],
        reason="It leaks",
        origin="brc_after_sale",
    )
    return order


def fill_lists(seed: Seed) -> None:
    """Make every list that can be long a long one."""
    organization = seed.cast.organization
    for index in range(20):
        factories.number(organization, f"Branch {index}")
        factories.member(organization, Role.VIEWER, email=f"viewer{index}@kasi-legal.example")
        factories.installation(organization, **{**SHOP, "slug": f"SHOP_{index}"})
        for _ in range(5):
            factories.call(seed.legal, **CASES[index % len(CASES)])
        factories.cash_payment(seed.legal, f"B2C-{index}")
        escalations.create(factories.origin(seed.legal), reason=f"Wants a person {index}", priority=Priority.NORMAL)
        factories.dead_mail(organization, last_error=list(outbox.ERRORS)[index % len(outbox.ERRORS)])


def sample_manifest(name: str) -> bytes:
    """Return the manifest of one of the sample plugins."""
    return (samples.EXAMPLES / name / "manifest.json").read_bytes()


def _desk(of: Organization, number: Instance) -> Installation:
    raw = sample_manifest("support_desk")
    version = registry.add_version(organization=of, actor=factories.ACTOR, raw=raw).version
    made = lifecycle.install(organization=of, version=version, mode=Mode.SANDBOX, user=None, actor=factories.ACTOR)
    given = read_settings(version.manifest.configuration, ["defaultQueue=billing"], ["apiKey=a-secret-that-ends-7F2Q"])
    desk = lifecycle.configure(
        installation=made.installation, values=given.values, secret_changes=given.secret_changes, actor=factories.ACTOR
    )
    plugins.grant_plugin(instance=number, installation=desk, tools=None, permissions=None, actor=factories.ACTOR)
    return desk


def with_three_errors(manifest: bytes) -> str:
    """Return the text of a manifest with three errors in it."""
    document = json.loads(manifest)
    document["version"], document["tools"][0]["name"] = "one", "Create Ticket"
    document["descripton"] = document.pop("description")
    return json.dumps(document, indent=2)
