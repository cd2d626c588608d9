from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from kasilabs.accounts import audit
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.lib.text import formatting
from plugins import signing_secrets
from plugins.models import Plugin


class Command(JsonCommand):
    help = "Make a new signing secret and print it. The old one lives for a day, and signs tool calls until then."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--plugin", required=True, metavar="SLUG")
        parser.add_argument("--mode", required=True, choices=Mode.values)
        parser.add_argument("--purpose", required=True, choices=signing_secrets.Purpose.values)
        parser.add_argument("--now", action="store_true", help="End the old one at once: it leaked.")

    def run(self, **options: Any) -> dict[str, object]:
        plugin = Plugin.objects.select_related("owner").filter(slug=options["plugin"]).first()
        if plugin is None:
            raise Refused("unknown_plugin", _("There is no plugin %(slug)s.") % {"slug": options["plugin"]})
        mode, purpose = Mode(options["mode"]), signing_secrets.Purpose(options["purpose"])
        actor = audit.Actor.command("rotate_secret")
        rotated = signing_secrets.rotate(plugin=plugin, mode=mode, purpose=purpose, actor=actor, at_once=options["now"])
        return {
            "plugin": plugin.slug,
            "mode": mode.value,
            "purpose": purpose.value,
            "kid": rotated.kid,
            "secret": rotated.text,
            "retires": rotated.retires and formatting.rfc3339(rotated.retires),
        }
