from typing import Any

from django.core.management.base import CommandParser

from kasilabs.accounts import audit
from kasilabs.lib.commands import JsonCommand
from kasilabs.whatsapp import agent_keys
from kasilabs.whatsapp.lookup import number_or_refuse


class Command(JsonCommand):
    help = "Make a new agent key for a number; the one it has works for 24 hours more."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--number", required=True, metavar="ID", help="public id of the number, wa_…")

    def run(self, *, number: str, **_options: Any) -> dict[str, object]:
        instance = number_or_refuse(number)
        made = agent_keys.rotate(instance=instance, actor=audit.Actor.command("rotate_agent_key"))
        return {"instance": instance.public_id, "agentKey": made.text, "prefix": made.prefix}
