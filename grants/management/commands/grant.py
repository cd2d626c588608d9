from argparse import ArgumentTypeError
from collections.abc import Collection
from typing import Any

from django.core.management.base import CommandError, CommandParser

from grants.changes import plugins, toolkits
from grants.management.lookup import toolkit_or_refuse
from grants.models import ToolGrant
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.lookup import number_or_refuse
from kasilabs.whatsapp.models import Instance

ACTOR = audit.Actor.command("grant")
ON, OFF = ToolGrant.State.ON, ToolGrant.State.OFF
Switch = tuple[str, bool]


def switch(text: str) -> Switch:
    """Reads NAME=on or NAME=off."""
    name, _equals, state = text.rpartition("=")
    if not name or state not in {"on", "off"}:
        raise ArgumentTypeError(f"write NAME=on or NAME=off, not {text!r}")
    return name, state == "on"


class Command(JsonCommand):
    help = (
        "Set what a WhatsApp number may use. The plugin is granted if it is not yet: with the tools and permissions "
        "named on, or, where none is, with all tools and the permissions its manifest ticks. All is done or nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--number", required=True, metavar="ID", help="public id of the number, wa_…")
        parser.add_argument("--plugin", required=True, metavar="SLUG")
        kinds = {
            "tool": "a tool of the plugin",
            "permission": "a permission of the plugin",
            "toolkit": "a toolkit; on installs it for the organization too, off takes it back from this number only",
        }
        for kind, words in kinds.items():
            parser.add_argument(
                f"--{kind}",
                action="append",
                type=switch,
                default=[],
                metavar="NAME=on|off",
                help=f"{words}; may be repeated",
            )
        parser.add_argument(
            "--mode", choices=Mode.values, help="which installation; default: the granted one, else the only one"
        )
        parser.add_argument("--off", action="store_true", help="take the plugin back from the number")

    def run(self, *, number: str, plugin: str, off: bool, **options: Any) -> dict[str, object]:
        if off and (options["tool"] or options["permission"]):
            raise CommandError("--off takes the whole plugin back: leave --tool and --permission out.", returncode=2)
        with audit.together():
            instance = number_or_refuse(number)
            for name, on in options["toolkit"]:
                _set_toolkit(instance, name, on=on)
            installation = _find_installation(instance, plugin, options["mode"])
            if off:
                plugins.revoke_plugin(instance=instance, installation=installation, actor=ACTOR)
            else:
                _set_cells(instance, installation, options["tool"], options["permission"])
        return _describe(instance, installation)


def _set_toolkit(instance: Instance, name: str, *, on: bool) -> None:
    toolkit = toolkit_or_refuse(name)
    if on:
        toolkits.install(organization=instance.organization, toolkit=toolkit, actor=ACTOR)
        toolkits.grant(instance=instance, toolkit=toolkit, actor=ACTOR)
    else:
        toolkits.revoke(instance=instance, toolkit=toolkit, actor=ACTOR)


def _find_installation(instance: Instance, slug: str, mode: str | None) -> Installation:
    """Returns the installation of the mode asked for, else the granted one, else the only one."""
    found = list(instance.organization.installations.not_removed().with_version().filter(plugin__slug=slug))
    if mode is None and len(found) > 1:
        found = [each for each in found if instance.plugin_grants.filter(installation=each).exists()]
        if not found:
            raise Refused("mode_needed", f"{slug} is installed in two modes: say which with --mode.")
    chosen = next((each for each in found if mode in {None, each.mode}), None)
    if chosen is None:
        raise Refused("not_installed", f"{slug} is not installed for {instance.organization.slug} in this mode.")
    return chosen


def _set_cells(instance: Instance, installation: Installation, tools: list[Switch], permissions: list[Switch]) -> None:
    grant = plugins.grant_plugin(
        instance=instance,
        installation=installation,
        tools=[name for name, on in tools if on] or None,
        permissions=[key for key, on in permissions if on] or None,
        actor=ACTOR,
    )
    for name, on in tools:
        plugins.set_tool(grant=grant, tool=name, state=ON if on else OFF, actor=ACTOR)
    for key, on in permissions:
        plugins.set_permission(grant=grant, key=key, on=on, actor=ACTOR)


def _describe(instance: Instance, installation: Installation) -> dict[str, object]:
    grant = instance.plugin_grants.filter(installation=installation).first()
    manifest = installation.version.manifest
    return {
        "instance": {"id": instance.public_id, "name": instance.name},
        "plugin": installation.plugin.slug,
        "mode": installation.mode,
        "granted": grant is not None,
        "tools": _states([tool.name for tool in manifest.tools], grant.enabled_tools() if grant else ()),
        "permissions": _states(
            [asked.key for asked in manifest.permissions], grant.enabled_permissions() if grant else ()
        ),
        "toolkits": sorted(instance.toolkit_grants.values_list("toolkit", flat=True)),
    }


def _states(names: Collection[str], enabled: Collection[str]) -> dict[str, str]:
    return {name: (ON if name in enabled else OFF).value for name in names}
