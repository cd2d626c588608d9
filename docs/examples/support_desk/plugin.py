"""SUPPORT_DESK: create, find and close support tickets, note callbacks. Run it with a port as the only argument.

The tickets are kept in memory; yours would go to your support system.
"""

import itertools
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kasilabs_plugin import Answer, Plugin, error

tickets: dict[str, dict[str, Any]] = {}
callbacks: dict[str, dict[str, Any]] = {}
numbers = itertools.count(1001)


def create_support_ticket(call: dict[str, Any]) -> Answer:
    """Create a ticket in the queue the installation is configured with, for the customer of the conversation."""
    wanted, customer = call["input"], call.get("user", {}).get("id")
    reference = f"T-{next(numbers)}"
    tickets[reference] = {
        "organization": call["organization"]["id"],
        "customer": customer,
        "queue": call["configuration"]["defaultQueue"],
        "subject": wanted["subject"],
        "priority": wanted.get("priority", "normal"),
        "state": "open",
    }
    return 200, {"status": "created", "reference": reference, "queue": tickets[reference]["queue"]}


def ticket_of(call: dict[str, Any]) -> dict[str, Any] | None:
    """Return the ticket, for the customer it belongs to alone: the platform says who asks, the plugin decides."""
    ticket = tickets.get(call["input"]["reference"])
    is_theirs = ticket is not None and ticket["organization"] == call["organization"]["id"]
    return ticket if ticket and is_theirs and ticket["customer"] == call.get("user", {}).get("id") else None


def find_support_ticket(call: dict[str, Any]) -> Answer:
    """Look a ticket up. One that is not there is an answer the agent can work with."""
    reference, ticket = call["input"]["reference"], ticket_of(call)
    if ticket is None:
        return 200, {"status": "not_found", "reference": reference}
    shown = {name: ticket[name] for name in ("subject", "state", "queue")}
    return 200, {"status": "found", "reference": reference, **shown}


def close_support_ticket(call: dict[str, Any]) -> Answer:
    """Close a ticket, or decline: the customer is told why, and nobody has to mend anything."""
    ticket = ticket_of(call)
    if ticket is None:
        return error(404, "no_such_ticket", "You have no ticket with this reference.")
    if ticket["state"] == "closed":
        return error(409, "ticket_closed", "This ticket is closed already.")
    ticket["state"] = "closed"
    return 200, {"status": "closed", "reference": call["input"]["reference"]}


def request_callback(call: dict[str, Any]) -> Answer:
    """Note whom to call. The manifest marks `phone` as personal, so the number is told, and may be confirmed."""
    callbacks[call["id"]] = call["input"]
    return 200, {"status": "requested", "message": f"Somebody will call {call['input']['phone']} today."}


if __name__ == "__main__":
    Plugin(
        "SUPPORT_DESK",
        {
            "create_support_ticket": create_support_ticket,
            "find_support_ticket": find_support_ticket,
            "close_support_ticket": close_support_ticket,
            "request_callback": request_callback,
        },
    ).serve(int(sys.argv[1]))
