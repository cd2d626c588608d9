"""Sample data for the page that shows every part of the look; nothing of it is stored."""

from datetime import UTC, datetime
from typing import Any

from kasilabs.configuration.form import ConfigurationForm, StoredConfiguration
from kasilabs.configuration.schema import ConfigSchema
from kasilabs.configuration.secrets import SecretState

SCHEMA = ConfigSchema.compile(
    {
        "type": "object",
        "properties": {
            "depot": {"type": "string", "title": "Depot code", "description": "As in NKR-02.", "minLength": 6},
            "region": {"type": "string", "title": "Delivery region", "enum": ["Nairobi", "Nakuru Town"]},
            "fee": {"type": "boolean", "title": "Quote the delivery fee in the first answer", "default": True},
            "apiKey": {"type": "string", "title": "API key", "x-secret": True},
            "webhookKey": {"type": "string", "title": "Webhook key", "x-secret": True},
            "oldKey": {"type": "string", "title": "Old key", "x-secret": True},
        },
        "required": ["depot", "oldKey"],
    }
)
SECRETS = {
    "/apiKey": SecretState(is_set=True, hint="7F2Q", set_by="Wanjiru", set_at=datetime(2026, 11, 3, tzinfo=UTC)),
    "/oldKey": SecretState(is_set=True, is_readable=False),
}
GATES = [
    {"name": "number", "result": "passed", "note": "Connected"},
    {"name": "tool_grant", "result": "refused", "message": "Nobody has turned it on for Billing Support."},
    {"name": "business", "result": "declined", "message": "This ticket is closed already."},
    {"name": "configuration", "result": "not_reached"},
]
STEPS = [
    {"label": "Permissions", "note": "5 allowed, 2 left out", "url": "#main", "is_done": True},
    {"label": "Numbers", "is_current": True},
    {"label": "Configuration", "note": "6 settings"},
]


def context() -> dict[str, Any]:
    """Returns what the page is rendered with: a form with an error, gates, steps and a document."""
    stored = StoredConfiguration({"region": "Nairobi"}, SECRETS, version=1)
    typed = {"depot": "NKR-2", "region": "Nairobi", "fee": "on", "apiKey__action": "keep", "config__version": "1"}
    return {
        "form": ConfigurationForm(SCHEMA, stored, typed),
        "gates": GATES,
        "steps": STEPS,
        "request_document": {"tool": "create_b2c_order", "input": {"product": "LPG-13KG-REFILL", "quantity": 2}},
    }
