from argparse import ArgumentTypeError
from collections.abc import Collection
from typing import Any

from django.core.management.base import CommandError, CommandParser

from grants.changes import plugins, toolkits
from grants.models import PluginGrant, ToolGrant
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.lookup import number_or_refuse
from kasilabs.whatsapp.models import Instance

ACTOR = audit.Actor.command("grant")
Switch = tuple[str, bool]


def switch(text: str) -> Switch:
    """Read NAME=on or NAME=off."""
    name, _equals, word = text.rpartition("=")
    if not name or word not in {"on", "off"}:
        raise ArgumentTypeError(f"write NAME=on or NAME=off, not {text!r}")
    return name, word == "on"


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
            _set_toolkits(instance, options["toolkit"])
            installation = _installation(instance, plugin, options["mode"])
            if off:
                _take_back(instance, installation)
            else:
                _set_cells(instance, installation, options["tool"], options["permission"])
        return _described(instance, installation)


def _installation(instance: Instance, slug: str, mode: str | None) -> Installation:
    """Choose the installation: of the mode asked for, else the granted one, else the only one."""
    present = instance.organization.installations.not_removed().select_related("plugin", "version")
    found: list[Installation] = list(present.filter(plugin__slug=slug))
    if mode is None and len(found) > 1:
        found = [each for each in found if each.grants.filter(instance=instance).exists()]
        if not found:
            raise Refused("mode_needed", f"{slug} is installed in two modes: say which with --mode.")
    chosen = next((each for each in found if mode in {None, each.mode}), None)
    if chosen is None:
        raise Refused("not_installed", f"{slug} is not installed for {instance.organization.slug} in this mode.")
    return chosen


def _set_toolkits(instance: Instance, switches: list[Switch]) -> None:
    for name, on in switches:
        toolkit = toolkits.named(name)
        if on:
            toolkits.install(organization=instance.organization, toolkit=toolkit, actor=ACTOR)
            toolkits.grant(instance=instance, toolkit=toolkit, actor=ACTOR)
        else:
            toolkits.ungrant(instance=instance, toolkit=toolkit, actor=ACTOR)


def _take_back(instance: Instance, installation: Installation) -> None:
    for grant in instance.plugin_grants.filter(installation=installation):
        plugins.ungrant(grant=grant, actor=ACTOR)


def _set_cells(instance: Instance, installation: Installation, tools: list[Switch], permissions: list[Switch]) -> None:
    grant = plugins.grant_plugin(
        instance=instance,
        installation=installation,
        tools=_on(tools),
        permissions=_on(permissions),
        actor=ACTOR,
    )
    for name, on in tools:
        state = ToolGrant.State.ON if on else ToolGrant.State.OFF
        plugins.set_tool(grant=grant, tool=name, state=state, actor=ACTOR)
    for key, on in permissions:
        plugins.set_permission(grant=grant, key=key, on=on, actor=ACTOR)


def _on(switches: list[Switch]) -> Collection[str] | None:
    """Return the names that are on; None, which means the default of a new grant, where none is."""
    return [name for name, on in switches if on] or None


def _described(instance: Instance, installation: Installation) -> dict[str, object]:
    grant = PluginGrant.objects.filter(instance=instance, installation=installation).first()
    tools = set(grant.tools.filter(state=plugins.ON).values_list("tool", flat=True)) if grant else set()
    keys = set(grant.permissions.values_list("key", flat=True)) if grant else set()
    manifest = installation.version.manifest
    return {
        "instance": {"id": instance.public_id, "name": instance.name},
        "plugin": installation.plugin.slug,
        "mode": installation.mode,
        "granted": grant is not None,
        "tools": {tool.name: _word(tool.name in tools) for tool in manifest.tools},
        "permissions": {asked.key: _word(asked.key in keys) for asked in manifest.permissions},
        "toolkits": sorted(instance.toolkit_grants.values_list("toolkit", flat=True)),
    }


def _word(on: bool) -> str:  # noqa: FBT001
    return "on" if on else "off"
