from typing import Any

from django.core.management.base import CommandError, CommandParser

from grants.install.plan import InstallPlan, set_up_plugin
from grants.management.lookup import member_or_refuse, organization_or_refuse, require_permissions, toolkit_or_refuse
from installations.lifecycle import InstallResult
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.accounts.models import Member, Organization
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration.command_line import read_settings
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Instance
from plugins import registry, signing_secrets
from plugins.manifest import source
from plugins.manifest.checks.errors import BadManifest
from plugins.models import Plugin, Version

Purpose = signing_secrets.Purpose
SECRET_NAMES = {Purpose.TOOL: "toolSecret", Purpose.BRIDGE: "bridgeSecret"}


def names(text: str) -> list[str]:
    """Reads a,b,c; an empty text names nothing."""
    return [name.strip() for name in text.split(",") if name.strip()]


class Command(JsonCommand):
    help = (
        "Install a plugin, configure it and grant it, all or nothing; it is not called. Run again, it sets the named "
        "values and adds the named grants."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("manifest", metavar="MANIFEST_FILE_OR_URL")
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--mode", required=True, choices=Mode.values)
        repeated = {
            "set": ("key=value", "a setting, read as the form field reads it; key:=JSON for raw JSON"),
            "secret": ("key=value", "a secret; also key=@FILE and key=env:NAME"),
            "grant": ("NUMBER NAME", "a WhatsApp number that may use the plugin"),
        }
        for flag, (metavar, words) in repeated.items():
            parser.add_argument(
                f"--{flag}", action="append", default=[], metavar=metavar, help=f"{words}; may be repeated"
            )
        parser.add_argument("--tools", type=names, metavar="a,b", help="for --grant; default: all")
        parser.add_argument("--permissions", type=names, metavar="k1,k2", help="for --grant; default: those ticked")
        parser.add_argument(
            "--toolkits", type=names, default=[], metavar="T1,T2", help="install these and grant them along"
        )
        parser.add_argument("--as", dest="acting", metavar="EMAIL", help="who acts; default: the first owner")

    def run(self, **options: Any) -> dict[str, object]:
        if not options["grant"] and (options["tools"] is not None or options["permissions"] is not None):
            raise CommandError("--tools and --permissions say what --grant gives: name a number.", returncode=2)
        organization = organization_or_refuse(options["organization"])
        member = member_or_refuse(organization, options["acting"])
        require_permissions(member, _needed_permissions(options))
        actor = audit.Actor.person(member.user)
        raw = source.read(options["manifest"])
        with audit.together():
            version = _publish_or_find(member, raw, actor)
            has_settings = options["set"] or options["secret"]
            schema = version.manifest.configuration
            plan = InstallPlan(
                organization=organization,
                version=version,
                mode=Mode(options["mode"]),
                settings=read_settings(schema, options["set"], options["secret"]) if has_settings else None,
                numbers=_find_numbers(organization, options["grant"]),
                tools=options["tools"],
                permissions=options["permissions"],
                toolkits=[toolkit_or_refuse(name) for name in options["toolkits"]],
            )
            result = set_up_plugin(plan, user=member.user, actor=actor)
            secrets = _show_new_secrets(result, member, actor)
        return _describe(result.installation, secrets)


def _needed_permissions(options: dict[str, Any]) -> list[Permission]:
    """Returns what the dashboard would ask of somebody who does the same."""
    asked = {
        Permission.INSTALLATIONS_CONFIGURE: options["set"] or options["secret"],
        Permission.INSTALLATIONS_SECRETS: options["secret"],
        Permission.GRANTS_CHANGE: options["grant"],
        Permission.TOOLKITS_CHANGE: options["toolkits"],
    }
    return [Permission.INSTALLATIONS_INSTALL, *(permission for permission, given in asked.items() if given)]


def _publish_or_find(member: Member, raw: bytes, actor: audit.Actor) -> Version:
    """Registers the manifest for the organization, or finds it published by another one."""
    try:
        manifest = registry.parse_manifest(raw)
        plugin = Plugin.objects.filter(slug=manifest.slug).first()
        if plugin is not None and not plugin.is_owned_by(member.organization):
            version = plugin.versions.published().select_related("plugin").filter(digest=manifest.digest).first()
            if version is None:
                detail = f"{plugin.slug} belongs to another organization, which has not published this version."
                raise Refused("plugin_not_available", detail)
            return version
        published = registry.add_version(organization=member.organization, actor=actor, raw=raw, user=member.user)
    except BadManifest as error:
        raise error.as_refusal() from error
    if published.is_new:
        require_permissions(member, [Permission.PLUGINS_DEVELOP])
    return published.version


def _find_numbers(organization: Organization, wanted: list[str]) -> list[Instance]:
    found = {number.name: number for number in organization.instances.filter(name__in=wanted).order_by("pk")}
    unknown = [name for name in dict.fromkeys(wanted) if name not in found]
    if unknown:
        detail = f"{organization.name} has no WhatsApp number of this name: {', '.join(unknown)}."
        raise Refused("unknown_number", detail)
    return list(found.values())


def _show_new_secrets(result: InstallResult, member: Member, actor: audit.Actor) -> dict[str, object]:
    """Shows what this run made, once and for all, to the owner's developers; nobody else ever sees it."""
    plugin, mode = result.installation.plugin, Mode(result.installation.mode)
    may_see = plugin.is_owned_by(member.organization) and member.may(Permission.PLUGINS_DEVELOP)
    if not (result.new_secrets and may_see):
        return {}
    shown = signing_secrets.show_once(plugin=plugin, mode=mode, actor=actor)
    return {SECRET_NAMES[secret.purpose]: secret.text for secret in shown}


def _describe(installation: Installation, secrets: dict[str, object]) -> dict[str, object]:
    plugin, mode = installation.plugin, Mode(installation.mode)
    numbers = Instance.objects.filter(plugin_grants__installation=installation).order_by("name")
    return {
        "installation": installation.public_id,
        "plugin": plugin.slug,
        "version": installation.version.semver,
        "mode": mode.value,
        **secrets,
        "kid": {purpose.value: plugin.signing_secrets.get_current(mode, purpose).kid for purpose in SECRET_NAMES},
        "instances": [{"id": number.public_id, "name": number.name} for number in numbers],
    }
