"""What `suspend` and `resume` have in common: one thing named by its id, one state that comes out."""

from typing import Any, ClassVar

from django.core.management.base import CommandParser

from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.lib import ids
from kasilabs.lib.commands import JsonCommand, Refused
from kasilabs.whatsapp.models import Instance


class SwitchCommand(JsonCommand):
    """Names a number or an installation and answers with its state."""

    name: ClassVar[str]

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--number", metavar="ID", help="public id of a number, wa_…")
        which.add_argument("--installation", metavar="ID", help="public id of an installation, ins_…")

    def run(self, *, number: str | None, installation: str | None, **_options: Any) -> dict[str, object]:
        actor = audit.Actor.command(self.name)
        if number is not None:
            switched = self.switch_number(_number(number), actor)
            return {"number": switched.public_id, "state": switched.state}
        changed = self.switch_installation(_installation(installation or ""), actor)
        return {"installation": changed.public_id, "state": changed.state}

    def switch_number(self, number: Instance, actor: audit.Actor) -> Instance:
        raise NotImplementedError

    def switch_installation(self, installation: Installation, actor: audit.Actor) -> Installation:
        """Raises Refused (`removed`)."""
        raise NotImplementedError


def _number(public_id: str) -> Instance:
    found = ids.decode(ids.Prefix.INSTANCE, public_id)
    row = Instance.objects.select_related("organization").filter(pk=found).first() if found else None
    if row is None:
        raise Refused("unknown_number", "There is no number with this id.")
    return row


def _installation(public_id: str) -> Installation:
    found = ids.decode(ids.Prefix.INSTALLATION, public_id)
    rows = Installation.objects.select_related("organization")
    row: Installation | None = rows.filter(pk=found).first() if found else None
    if row is None:
        raise Refused("unknown_installation", "There is no installation with this id.")
    return row
