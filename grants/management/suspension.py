"""What the commands `suspend` and `resume` have in common: one thing named by its id, one state that comes out."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.core.management.base import CommandParser

from installations.lookup import installation_or_refuse
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.lib.commands import JsonCommand
from kasilabs.whatsapp.lookup import number_or_refuse
from kasilabs.whatsapp.models import Instance


class SuspensionCommand(JsonCommand):
    """Changes the state of a number or an installation, and answers with it. The two functions may raise Refused."""

    name: ClassVar[str]
    change_number: ClassVar[Callable[..., Instance]]
    change_installation: ClassVar[Callable[..., Installation]]

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--number", metavar="ID", help="public id of a number, wa_…")
        which.add_argument("--installation", metavar="ID", help="public id of an installation, ins_…")

    def run(self, *, number: str | None, installation: str | None, **_options: Any) -> dict[str, object]:
        actor = audit.Actor.command(self.name)
        if number is not None:
            instance = self.change_number(instance=number_or_refuse(number), actor=actor)
            return {"number": instance.public_id, "state": instance.state}
        changed = self.change_installation(installation=installation_or_refuse(installation or ""), actor=actor)
        return {"installation": changed.public_id, "state": changed.state}
