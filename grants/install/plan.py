"""Setting a plugin up: installed, configured and granted in one transaction. Page and command both come here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from grants.changes import plugins, toolkits
from grants.models import PluginGrant
from installations import lifecycle
from installations.lifecycle import InstallResult
from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization, User
from kasilabs.configuration.command_line import ParsedSettings
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import Version


@dataclass(frozen=True, repr=False)
class InstallPlan:
    """What somebody decided about a plugin. It carries secrets to the vault, so it has no representation.

    Without `settings` the configuration stays as it is. `tools` and `permissions` mean what they do in `grant_plugin`.
    `only_new` refuses to touch an installation that somebody made meanwhile. `replaced` are the numbers, by public id,
    that may lose the plugin's other mode, and do; None replaces it wherever it is.
    """

    organization: Organization
    version: Version
    mode: Mode
    settings: ParsedSettings | None = None
    numbers: Sequence[Instance] = ()
    tools: Collection[str] | None = None
    permissions: Collection[str] | None = None
    toolkits: Collection[Toolkit] = ()
    only_new: bool = False
    replaced: Collection[str] | None = None


def set_up_plugin(plan: InstallPlan, *, user: User | None, actor: audit.Actor) -> InstallResult:
    """Carries out a plan: all of it or nothing. A second time it sets the named values and adds the named grants.

    The numbers are locked first, as in every change of grants. Raises Refused: see `lifecycle.install`,
    `lifecycle.configure`, `plugins.grant_plugin` and `toolkits.grant`; `installed_meanwhile`; and
    `other_mode_granted`.
    """
    with audit.together():
        plugins.lock_numbers(plan.organization, plan.numbers)
        result = lifecycle.install(
            organization=plan.organization, version=plan.version, mode=plan.mode, user=user, actor=actor
        )
        if plan.only_new and not result.is_new:
            raise Refused("installed_meanwhile", _("Somebody installed this plugin meanwhile. Nothing was changed."))

        installation = result.installation
        if plan.replaced is not None:
            others = PluginGrant.objects.in_another_mode(installation).filter(instance__in=plan.numbers)
            found = {grant.instance.public_id: grant.instance.name for grant in others.select_related("instance")}
            if found.keys() != set(plan.replaced):
                words = _("Which numbers use this plugin in its other mode has changed since: now %(numbers)s.")
                raise Refused("other_mode_granted", words % {"numbers": ", ".join(found.values()) or _("none")})

        if plan.settings is not None:
            installation = lifecycle.configure(
                installation=installation,
                values=plan.settings.over(installation.values),
                secret_changes=plan.settings.secret_changes,
                actor=actor,
                expected_version=installation.config_version,
            )

        for toolkit in plan.toolkits:
            toolkits.install(organization=plan.organization, toolkit=toolkit, actor=actor)
        for number in plan.numbers:
            plugins.grant_plugin(
                instance=number,
                installation=installation,
                tools=plan.tools,
                permissions=plan.permissions,
                actor=actor,
            )
            for toolkit in plan.toolkits:
                toolkits.grant(instance=number, toolkit=toolkit, actor=actor)
    return replace(result, installation=installation)
