"""The first calls of a new demo, made as any agent makes them: over HTTP, with the key of its number."""

from typing import Any

import requests

from kasilabs.demo.scenario import BILLING, FRONT_DESK, LEGAL

TIMEOUT_SECONDS = 30
CLIENTS = (
    ("+254711000101", "No invoice for October", "The invoice for October has not arrived; September came on the 2nd."),
    ("+254711000102", "Wrong amount on an invoice", "Invoice 2210 asks for KES 25,000; KES 18,000 was agreed on."),
    ("+254711000103", "Court date moved", "The hearing of 12 November was moved. Who comes along on the new date?"),
    ("+254711000104", "Cannot open a document", "The scanned contract does not open on a phone, only on a laptop."),
)
"""Who writes to the lawyers, and about what."""
ORDERS = (
    ("+254711000105", "GAS-13KG", 2, "Kileleshwa"),
    ("+254711000106", "GAS-6KG", 1, "Kibera"),
    ("+254711000107", "CYL-13KG", 1, "South B"),
    ("+254711000108", "ACC-REG", 3, "Umoja"),
)


class Agent:
    """The agent of one number: it knows its key and where to call."""

    def __init__(self, public_url: str, key: str) -> None:
        self.address = f"{public_url}/agent/v1/calls"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {key}"

    def call(self, tool: str, input: dict[str, Any], phone: str = "") -> dict[str, Any]:  # noqa: A002
        """Calls a tool, in a conversation with the customer at `phone` if there is one; returns its output."""
        body: dict[str, Any] = {"tool": tool, "input": input}
        if phone:
            body["conversation"] = {"id": f"chat-{phone[-3:]}", "customer": {"phone": phone}}
        answer = self.session.post(self.address, json=body, timeout=TIMEOUT_SECONDS).json()
        output: dict[str, Any] = answer.get("output", {})
        return output


def make(document: dict[str, Any]) -> None:
    """Makes calls of every kind, so that there is something to read. Raises requests.RequestException."""
    instances = [*document["instances"], *document["rival"]["instances"]]
    agents = {each["name"]: Agent(document["publicUrl"], each["agentKey"]) for each in instances}
    legal, billing, rival = (agents[number.name] for number in (LEGAL, BILLING, FRONT_DESK))
    _tickets(legal)
    _quotes(billing)
    _refusals(legal, billing, rival)


def _tickets(legal: Agent) -> None:
    """Tickets opened and found, some that are not, a callback, and one closed twice: the plugin declines that."""
    reference = ""
    for phone, subject, description in CLIENTS:
        ticket = {"subject": subject, "description": description}
        created = legal.call("support_desk__create_support_ticket", ticket, phone)
        reference = created.get("reference", "T-0000")
        legal.call("support_desk__find_support_ticket", {"reference": reference}, phone)
    of_another, (first_phone, *_) = reference, CLIENTS[0]
    for unknown in (of_another, "T-9999"):
        legal.call("support_desk__find_support_ticket", {"reference": unknown}, first_phone)
    legal.call("support_desk__find_support_ticket", {"reference": "T-1001"})
    last_phone, last_subject, _description = CLIENTS[-1]
    callback = {"phone": last_phone, "topic": f"{last_subject}; the customer is at {last_phone} today."}
    legal.call("support_desk__request_callback", callback, last_phone)
    for _attempt in range(2):
        legal.call("support_desk__close_support_ticket", {"reference": of_another}, last_phone)


def _quotes(billing: Agent) -> None:
    """Products and prices; one product nobody sells, and an island whose depot does not answer."""
    for category in ("refill", "cylinder", "accessory"):
        billing.call("gas_os__list_products", {"category": category})
    for phone, product, quantity, estate in ORDERS:
        billing.call("gas_os__list_products", {}, phone)
        billing.call("gas_os__quote_order", {"product": product, "quantity": quantity, "estate": estate}, phone)
    billing.call("gas_os__quote_order", {"product": "GAS-50KG", "quantity": 1, "estate": "Westlands"})
    for quantity in (1, 2, 3):
        billing.call("gas_os__quote_order", {"product": "GAS-13KG", "quantity": quantity, "estate": "Lamu"})


def _refusals(legal: Agent, billing: Agent, rival: Agent) -> None:
    """What the platform refuses: wrong input, a plugin that is not granted to the number, tools that are not there."""
    legal.call("support_desk__create_support_ticket", {"subject": "Hello"})
    legal.call("support_desk__find_support_ticket", {"reference": "1001"})
    billing.call("gas_os__quote_order", {"product": "GAS-13KG", "quantity": 0, "estate": "Karen"})
    for phone, subject, description in CLIENTS[:3]:
        ticket = {"subject": subject, "description": description}
        billing.call("support_desk__create_support_ticket", ticket, phone)
    legal.call("gas_os__place_order", {"product": "GAS-13KG"})
    rival.call("gas_os__list_products", {})
