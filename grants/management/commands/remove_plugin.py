from typing import Any

from django.core.management.base import CommandParser

from grants.changes import plugins, removal
from grants.management.lookup import member_or_refuse, organization_or_refuse, require_permissions
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization
from kasilabs.lib.commands import JsonCommand
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Instance


class Command(JsonCommand):
    help = (
        "Remove an installed plugin for good: from every number that uses it, with its configuration and secrets. "
        "Run again, it says the same and changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--plugin", required=True, metavar="SLUG")
        parser.add_argument("--mode", required=True, choices=Mode.values)
        parser.add_argument("--as", dest="acting", metavar="EMAIL", help="who acts; default: the first owner")

    def run(self, **options: Any) -> dict[str, object]:
        organization = organization_or_refuse(options["organization"])
        member = member_or_refuse(organization, options["acting"])
        with audit.together():
            # Two removals at once wait here, so that the second one finds what the first has done.
            plugins.lock_numbers(organization, list(organization.instances.all()))
            installation = _find_installation(organization, options["plugin"], options["mode"])
            require_permissions(member, [installation.removal_permission])
            numbers = Instance.objects.filter(plugin_grants__installation=installation).order_by("name")
            losing = [{"id": number.public_id, "name": number.name} for number in numbers]
            if not installation.is_removed:
                removal.remove(installation=installation, actor=audit.Actor.person(member.user))
        return {
            "installation": installation.public_id,
            "plugin": installation.plugin.slug,
            "version": installation.version.semver,
            "mode": installation.mode,
            "state": Installation.State.REMOVED.value,
            "instances": losing,
        }


def _find_installation(organization: Organization, slug: str, mode: str) -> Installation:
    """Returns the installation to remove, else the one that was removed last. Raises Refused (`not_installed`)."""
    found = organization.installations.with_version().filter(plugin__slug=slug, mode=mode).order_by("-pk")
    installation = found.not_removed().first() or found.first()
    if installation is None:
        raise Refused("not_installed", f"{slug} is not installed for {organization.slug} in this mode.")
    installation.organization = organization
    return installation
