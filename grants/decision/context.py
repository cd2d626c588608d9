"""What a decision about a WhatsApp number depends on, loaded in two queries for any count of numbers."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet

from grants.decision.query import DecisionRow, RowKind, Scope, fetch_rows
from grants.models import ToolGrant
from installations.models import Installation, InstallationSecret
from kasilabs.accounts.models import Member, Organization
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration import vault
from kasilabs.lib.db.compiled import compiled
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest, Tool
from plugins.manifest.requirements import RequirementKind
from plugins.models import SigningSecret, Version, compile_manifests


@dataclass
class InstalledPlugin:
    """One installation with its sealed secrets and, where asked for, the live signing secrets of its plugin."""

    installation: Installation
    secret_rows: list[InstallationSecret] = field(default_factory=list)
    signing: list[SigningSecret] = field(default_factory=list)

    @cached_property
    def manifest(self) -> Manifest:
        return self.installation.version.manifest

    @cached_property
    def slug(self) -> str:
        return self.installation.plugin.slug

    @cached_property
    def opened(self) -> vault.OpenedSecrets:
        """The secrets in clear, and the pointers of those that cannot be opened."""
        return vault.open_rows(self.secret_rows)


@dataclass
class GrantedPlugin:
    """What one number may use of one installed plugin. `id` is that of the grant."""

    id: UUID
    plugin: InstalledPlugin
    tools: set[str] = field(default_factory=set)
    permissions: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class OtherPlugin:
    """An installation as the requirement of another plugin sees it."""

    id: UUID
    slug: str
    state: Installation.State
    is_quarantined: bool

    @classmethod
    def load(cls, row: DecisionRow) -> "OtherPlugin":
        state, version_state = row.value.split(":")
        return cls(row.row, row.name, Installation.State(state), version_state == Version.State.QUARANTINED)


@dataclass
class DecisionContext:
    """All that a decision about one number depends on. The dictionaries are keyed by the slug of the plugin.

    `others` are all installations of the organization and `granted_others` those of them that the number may use; they
    are loaded where some plugin requires another one, as is whether somebody answers the chats where one requires that.
    """

    instance: Instance
    plugins: dict[str, InstalledPlugin]
    grants: dict[str, GrantedPlugin] = field(default_factory=dict)
    installed_toolkits: set[str] = field(default_factory=set)
    granted_toolkits: set[str] = field(default_factory=set)
    others: dict[str, OtherPlugin] = field(default_factory=dict)
    granted_others: dict[str, OtherPlugin] = field(default_factory=dict)
    is_chat_answered: bool = False

    @classmethod
    def load(cls, instance: Instance, *, slug: str | None = None, with_signing: bool = False) -> "DecisionContext":
        """Loads the context of one number; `slug` narrows it to one plugin."""
        return cls.load_many(instance.organization, [instance], slug=slug, with_signing=with_signing)[instance.id]

    @classmethod
    def load_many(
        cls,
        organization: Organization,
        instances: Sequence[Instance],
        *,
        slug: str | None = None,
        with_signing: bool = False,
        required: Collection[RequirementKind] = (),
        installations: Sequence[Installation] | None = None,
    ) -> dict[UUID, "DecisionContext"]:
        """Loads the contexts of several numbers of one organization, by the id of the number.

        `required` are kinds of requirements to judge beside those of the plugins that are installed. `installations`
        are those of the organization with their manifests, the oldest first, where they are loaded already.
        """
        installations = _installations(organization, slug) if installations is None else installations
        kinds = {*required, *(kind for each in installations for kind in each.version.manifest.required_kinds)}
        scope = Scope(slug, with_signing, RequirementKind.PLUGIN in kinds, RequirementKind.ACCESS in kinds)
        rows = fetch_rows(organization, instances, scope)
        plugins = _installed_plugins(installations, rows)
        grants = _granted_plugins(plugins, rows)
        by_slug = _preferred(plugins.values())
        toolkits = {row.name for row in rows[RowKind.TOOLKIT]}
        installed = {row.row: OtherPlugin.load(row) for row in rows[RowKind.INSTALLED]}
        others = {other.slug: other for other in installed.values()}
        contexts = {each.id: cls(each, by_slug, installed_toolkits=toolkits, others=others) for each in instances}
        for row in rows[RowKind.NUMBER_TOOLKIT]:
            contexts[row.owner].granted_toolkits.add(row.name)
        for row in rows[RowKind.GRANT]:
            if row.row in grants:
                contexts[row.owner].grants[grants[row.row].plugin.slug] = grants[row.row]
            if row.other in installed:
                contexts[row.owner].granted_others[installed[row.other].slug] = installed[row.other]
        for row in rows[RowKind.ANSWERER]:
            extra, withdrawn = json.loads(row.value)
            member = Member(role=row.name, extra=extra, withdrawn=withdrawn)
            contexts[row.owner].is_chat_answered |= member.may(Permission.CHATS_ANSWER)
        return contexts

    def plugin(self, slug: str) -> InstalledPlugin | None:
        """Returns the granted installation of a plugin, else the one the organization would grant."""
        grant = self.grants.get(slug)
        return grant.plugin if grant else self.plugins.get(slug)

    def tools(self) -> Iterator[tuple[InstalledPlugin, Tool]]:
        """Yields each tool of the granted plugins that an agent may see, in no order."""
        for grant in self.grants.values():
            for tool in grant.plugin.manifest.offered_tools:
                yield grant.plugin, tool

    @property
    def toolkits(self) -> list[str]:
        """The toolkits that work here: installed for the organization and granted to the number."""
        return sorted(self.installed_toolkits & self.granted_toolkits)


def _installations(organization: Organization, slug: str | None) -> list[Installation]:
    found = _compiled_installations(organization=organization.id, slug=slug)
    for installation in found:
        installation.organization = organization
    compile_manifests(installation.version for installation in found)
    return found


@compiled
def _compiled_installations(*, organization: UUID, slug: str | None) -> "QuerySet[Installation]":
    rows = Installation.objects.with_version().filter(organization=organization).order_by("id")
    return rows.filter(plugin__slug=slug) if slug else rows


def _installed_plugins(
    installations: Sequence[Installation], rows: Mapping[str, Sequence[DecisionRow]]
) -> dict[UUID, InstalledPlugin]:
    """Returns the installations with their secrets, by id."""
    plugins = {installation.id: InstalledPlugin(installation) for installation in installations}
    for row in rows[RowKind.SECRET]:
        if row.owner in plugins:
            plugins[row.owner].secret_rows.append(
                InstallationSecret(
                    id=row.row,
                    organization_id=plugins[row.owner].installation.organization_id,
                    owner_id=row.owner,
                    pointer=row.name,
                    value=row.value,
                )
            )
    for row in rows[RowKind.SIGNING]:
        mode, purpose, kid = row.name.split(":")
        secret = SigningSecret(id=row.row, plugin_id=row.owner, mode=mode, purpose=purpose, kid=kid, value=row.value)
        for plugin in plugins.values():
            if (plugin.installation.plugin_id, plugin.installation.mode) == (secret.plugin_id, secret.mode):
                plugin.signing.append(secret)
    return plugins


def _granted_plugins(
    plugins: Mapping[UUID, InstalledPlugin], rows: Mapping[str, Sequence[DecisionRow]]
) -> dict[UUID, GrantedPlugin]:
    """Returns the grants with their tools and permissions, by id.

    The installations were read by a statement of their own, so that a grant may be of one that is newer: left out.
    """
    grants = {
        row.row: GrantedPlugin(row.row, plugins[row.other]) for row in rows[RowKind.GRANT] if row.other in plugins
    }
    for row in rows[RowKind.TOOL]:
        if row.owner in grants and row.value == ToolGrant.State.ON:
            grants[row.owner].tools.add(row.name)
    for row in rows[RowKind.PERMISSION]:
        if row.owner in grants:
            grants[row.owner].permissions.add(row.name)
    return grants


def _preferred(plugins: Iterable[InstalledPlugin]) -> dict[str, InstalledPlugin]:
    """Returns by slug the installation an ungranted number is judged by: one that is not removed, then the newest."""
    chosen: dict[str, InstalledPlugin] = {}
    for plugin in plugins:
        before = chosen.get(plugin.slug)
        if before is None or before.installation.is_removed or not plugin.installation.is_removed:
            chosen[plugin.slug] = plugin
    return chosen
