"""The toolkits of the platform and the bridge permissions that reach them.

One table for everybody who asks: the manifest check, the permission matrix, the plain-word
sentences of the install wizard, and the bridges themselves.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Toolkit(StrEnum):
    """A capability the platform owns; installed for an organization, then granted to a number."""

    PAYMENTS = "PAYMENTS"
    ECOMMERCE = "ECOMMERCE"
    MESSAGING = "MESSAGING"
    SCHEDULING = "SCHEDULING"
    ESCALATIONS = "ESCALATIONS"


DECISIONS: dict[Toolkit, str | Promise] = {
    Toolkit.PAYMENTS: _("whether a payment is confirmed"),
    Toolkit.ECOMMERCE: _("the state of orders and their fulfilment"),
    Toolkit.MESSAGING: _("what WhatsApp sends to the customer"),
    Toolkit.SCHEDULING: _("when something falls due"),
    Toolkit.ESCALATIONS: _("which person takes over"),
}
"""What each toolkit owns: no plugin decides it in its place."""


class Risk(StrEnum):
    """What a permission touches, as the risk tags on screen say it."""

    READS = "reads"
    WRITES = "writes"
    MONEY = "money"
    CONTACTS = "contacts"
    BACKGROUND = "background"


@dataclass(frozen=True)
class BridgeAction:
    """One permission a plugin may ask for; label and description are the platform's words, never the author's."""

    permission: str
    label: str | Promise
    description: str | Promise
    toolkits: tuple[Toolkit, ...]
    risk: Risk


BRIDGE_ACTIONS: dict[str, BridgeAction] = {
    action.permission: action
    for action in (
        BridgeAction(
            "bridge:payments:initiate",
            _("Ask the customer to pay"),
            _("Starts a payment request to the customer. The PAYMENTS toolkit confirms it."),
            (Toolkit.PAYMENTS,),
            Risk.MONEY,
        ),
        BridgeAction(
            "bridge:payments:read",
            _("Read payment status"),
            _("Sees whether a payment it asked for is open, paid or failed."),
            (Toolkit.PAYMENTS,),
            Risk.READS,
        ),
        BridgeAction(
            "bridge:payments:refund",
            _("Request a refund"),
            _("Asks that money from a payment it started goes back to the customer."),
            (Toolkit.PAYMENTS,),
            Risk.MONEY,
        ),
        BridgeAction(
            "bridge:commerce:create_order",
            _("Create an order in your shop"),
            _("Writes an order. While it may, the agent's own E-Commerce tools are hidden on that number."),
            (Toolkit.ECOMMERCE,),
            Risk.WRITES,
        ),
        BridgeAction(
            "bridge:commerce:read_order",
            _("Read its orders"),
            _("Sees the state of orders it created."),
            (Toolkit.ECOMMERCE,),
            Risk.READS,
        ),
        BridgeAction(
            "bridge:commerce:create_after_sale",
            _("Open a return, exchange or complaint"),
            _("Writes an after-sale request for an order it created."),
            (Toolkit.ECOMMERCE,),
            Risk.WRITES,
        ),
        BridgeAction(
            "bridge:messaging:send",
            _("Send the customer a message"),
            _("KasiLabs sends a WhatsApp message for the plugin, within WhatsApp's rules."),
            (Toolkit.MESSAGING,),
            Risk.CONTACTS,
        ),
        BridgeAction(
            "bridge:messaging:schedule",
            _("Schedule a message"),
            _("KasiLabs sends a WhatsApp message at a later time; it can be cancelled until then."),
            (Toolkit.MESSAGING, Toolkit.SCHEDULING),
            Risk.CONTACTS,
        ),
        BridgeAction(
            "bridge:escalations:create",
            _("Hand a conversation to a person"),
            _("Creates an escalation. The ESCALATIONS toolkit decides who takes it."),
            (Toolkit.ESCALATIONS,),
            Risk.WRITES,
        ),
        BridgeAction(
            "bridge:escalations:assign",
            _("Assign an escalation"),
            _("Puts an escalation it created into a queue, or gives it to a member."),
            (Toolkit.ESCALATIONS,),
            Risk.WRITES,
        ),
        BridgeAction(
            "bridge:obligations:process",
            _("Keep reminders for what is due"),
            _("KasiLabs sends reminders or escalates when something the plugin tracks falls due."),
            (Toolkit.SCHEDULING,),
            Risk.CONTACTS,
        ),
        BridgeAction(
            "bridge:background",
            _("Act outside a conversation"),
            _("Uses the permissions above when no customer is writing."),
            (),
            Risk.BACKGROUND,
        ),
    )
}

BACKGROUND = "bridge:background"
"""What every other permission needs besides, where no customer is writing."""

HIDES_COMMERCE = "bridge:commerce:"
"""Holding any permission with this prefix hides the agent's raw E-Commerce tools on that number."""
