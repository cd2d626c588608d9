"""SUPPORT_DESK: create support tickets and look them up. Run it with a port as the only argument.

The tickets are kept in memory; yours would go to your support system.
"""

import itertools
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from kasilabs_plugin import Answer, Plugin

tickets: dict[str, dict[str, Any]] = {}
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


def find_support_ticket(call: dict[str, Any]) -> Answer:
    """Look a ticket up, for the customer it belongs to alone: the platform says who asks, the plugin decides."""
    reference = call["input"]["reference"]
    ticket = tickets.get(reference)
    is_theirs = ticket is not None and ticket["organization"] == call["organization"]["id"]
    if ticket is None or not is_theirs or ticket["customer"] != call.get("user", {}).get("id"):
        return 200, {"status": "not_found", "reference": reference}
    shown = {name: ticket[name] for name in ("subject", "state", "queue")}
    return 200, {"status": "found", "reference": reference, **shown}


if __name__ == "__main__":
    Plugin(
        "SUPPORT_DESK",
        {"create_support_ticket": create_support_ticket, "find_support_ticket": find_support_ticket},
    ).serve(int(sys.argv[1]))
