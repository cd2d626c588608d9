"""The only writer of plugin grants: which plugin a number may use, and which of its tools and permissions.

Every function compares the organizations of number, installation and actor, runs in one audited transaction, and may
be repeated: a change that changes nothing writes no audit entry. Changes of one number wait for each other; the unique
constraints stand behind that. All raise Refused, and then nothing was changed.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

from django.utils.translation import gettext as _

from grants.models import PermissionGrant, PluginGrant, ToolGrant
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.accounts.models import Organization
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest

ON, OFF = ToolGrant.State.ON, ToolGrant.State.OFF


@dataclass(frozen=True)
class GrantContents:
    """What a number loses with a grant; without a mode, there is none."""

    mode: str = ""
    tools: list[str] = field(default_factory=list)
    permissions: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        mode = [str(Mode(self.mode).label)] if self.mode else []
        return ", ".join([*mode, *self.tools, *self.permissions])

    @classmethod
    def of(cls, grant: PluginGrant) -> "GrantContents":
        return cls(grant.installation.mode, sorted(grant.enabled_tools()), sorted(grant.enabled_permissions()))


def grant_plugin(
    *,
    instance: Instance,
    installation: Installation,
    tools: Collection[str] | None,
    permissions: Collection[str] | None,
    actor: audit.Actor,
    replacing: GrantContents | None = None,
) -> PluginGrant:
    """Lets a number use an installation, with these tools and permissions on.

    None means all tools, and the permissions the manifest ticks by default. A number that has the installation already
    keeps what is on and gets what is named besides. Another mode of the same plugin is replaced with all its cells;
    somebody who has seen what is `replacing` replaces nothing else (`changed_meanwhile`).
    """
    manifest = installation.version.manifest
    _require_known(manifest, tools or (), permissions or ())
    with audited_change(instance, actor, "grant.made") as act:
        if installation.organization_id != instance.organization_id:
            raise Refused("other_organization", _("This plugin is installed for another organization."))
        if not Installation.objects.not_removed().filter(pk=installation.pk).exists():
            raise Refused("installation_removed", _("This plugin was removed. Install it again first."))

        grant = instance.plugin_grants.with_installation().filter(plugin=installation.plugin_id).first()
        if grant is not None and grant.installation_id != installation.id:
            _require_seen(replacing, GrantContents.of(grant))
            _delete(act, grant)
            grant = None
        else:
            _require_seen(replacing, GrantContents())
        is_new = grant is None
        if grant is None:
            grant = instance.plugin_grants.create(
                organization_id=instance.organization_id, installation=installation, plugin_id=installation.plugin_id
            )
            tools = [tool.name for tool in manifest.tools] if tools is None else tools
            permissions = manifest.default_permissions if permissions is None else permissions

        added = {
            "tools": _turn_tools_on(grant, tools or ()),
            "permissions": _turn_permissions_on(grant, permissions or ()),
        }
        act.change(after={"plugin": manifest.slug, "mode": str(installation.mode), **added})
        if not is_new and not any(added.values()):
            act.nothing()
    return grant


def revoke_plugin(
    *, instance: Instance, installation: Installation, actor: audit.Actor, seen: GrantContents | None = None
) -> None:
    """Takes an installation back from a number, with all its cells.

    Somebody who has `seen` what that takes away takes nothing else (`changed_meanwhile`).
    """
    with audited_change(instance, actor, "grant.taken_back") as act:
        grant = instance.plugin_grants.with_installation().filter(installation=installation).first()
        if grant is None:
            act.nothing()
        else:
            _require_seen(seen, GrantContents.of(grant))
            _delete(act, grant)


def set_tool(*, grant: PluginGrant, tool: str, state: ToolGrant.State, actor: audit.Actor) -> None:
    """Turns one tool on or off. Off is kept as no row."""
    _require_known(grant.installation.version.manifest, [tool], [])
    with audited_change(grant.instance, actor, "grant.tool_set") as act:
        _require_unchanged(grant)
        before = ON if tool in grant.enabled_tools() else OFF
        if state == ON:
            _turn_tools_on(grant, [tool])
        else:
            grant.tools.filter(tool=tool, state=ON).delete()
        _note_cell(act, grant, tool, before, state)


def set_permission(*, grant: PluginGrant, key: str, on: bool, actor: audit.Actor) -> None:
    """Turns one permission on or off."""
    _require_known(grant.installation.version.manifest, [], [key])
    with audited_change(grant.instance, actor, "grant.permission_set") as act:
        _require_unchanged(grant)
        before = ON if key in grant.enabled_permissions() else OFF
        if on:
            _turn_permissions_on(grant, [key])
        else:
            grant.permissions.filter(key=key).delete()
        _note_cell(act, grant, key, before, ON if on else OFF)


@contextmanager
def audited_change(instance: Instance, actor: audit.Actor, action: str) -> Iterator[audit.Act]:
    """Opens an act on a number and locks its row, so that two changes of one number never see half of each other."""
    with audit.act(actor=actor, action=action, organization=instance.organization) as act:
        act.on(instance.public_id, instance.name)
        lock_numbers(instance.organization, [instance])
        require_member(instance.organization, actor)
        yield act


def lock_numbers(organization: Organization, numbers: Sequence[Instance]) -> None:
    """Locks numbers in one order, so that two changes of the same numbers wait for each other and not for ever."""
    rows = organization.instances.filter(pk__in=[number.pk for number in numbers])
    list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))


def require_member(organization: Organization, actor: audit.Actor) -> None:
    """Refuses a person of another organization; a command acts for all of them."""
    if actor.user_id is None or organization.members.filter(user_id=actor.user_id).exists():
        return
    raise Refused("other_organization", _("You are not a member of %(name)s.") % {"name": organization.name})


def _require_known(manifest: Manifest, tools: Collection[str], permissions: Collection[str]) -> None:
    for tool in tools:
        if manifest.tool(tool) is None:
            detail = _("%(plugin)s has no tool %(name)s.") % {"plugin": manifest.slug, "name": tool}
            raise Refused("unknown_tool", detail)
    for key in permissions:
        if manifest.permission(key) is None:
            detail = _("%(plugin)s has no permission %(name)s.") % {"plugin": manifest.slug, "name": key}
            raise Refused("unknown_permission", detail)


def _require_unchanged(grant: PluginGrant) -> None:
    """Refuses a change of a grant that was taken back or replaced meanwhile."""
    if not PluginGrant.objects.filter(pk=grant.pk, installation=grant.installation_id).exists():
        raise Refused("not_granted", _("This plugin is not granted to this number any more. Nothing was changed."))


def _require_seen(seen: GrantContents | None, found: GrantContents) -> None:
    if seen not in (None, found):
        raise Refused("changed_meanwhile", _("What this takes away was changed meanwhile. Nothing was done."))


def _delete(act: audit.Act, grant: PluginGrant) -> None:
    act.change(before={"plugin": grant.plugin.slug, **asdict(GrantContents.of(grant))})
    grant.delete()


def _turn_tools_on(grant: PluginGrant, tools: Collection[str]) -> list[str]:
    """Turns tools on and returns those that were not."""
    added = sorted(set(tools) - grant.enabled_tools())
    rows = [ToolGrant(grant=grant, tool=tool, state=ON) for tool in added]
    ToolGrant.objects.bulk_create(rows, update_conflicts=True, unique_fields=["grant", "tool"], update_fields=["state"])
    return added


def _turn_permissions_on(grant: PluginGrant, keys: Collection[str]) -> list[str]:
    """Turns permissions on and returns those that were not."""
    added = sorted(set(keys) - grant.enabled_permissions())
    PermissionGrant.objects.bulk_create([PermissionGrant(grant=grant, key=key) for key in added], ignore_conflicts=True)
    return added


def _note_cell(act: audit.Act, grant: PluginGrant, name: str, before: ToolGrant.State, after: ToolGrant.State) -> None:
    act.change(before={name: before.value}, after={name: after.value, "plugin": grant.plugin.slug})
    if before == after:
        act.nothing()
