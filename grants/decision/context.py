"""All that deciding needs to know of a WhatsApp number, loaded in two queries for any count of numbers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from django.db.models import QuerySet

from grants.decision.query import Kind, Row, fetch
from installations.models import Installation, InstallationSecret
from kasilabs.accounts.models import Organization
from kasilabs.configuration import vault
from kasilabs.lib.db.compiled import compiled
from kasilabs.toolkits.catalogue import HIDES_COMMERCE, Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.manifest.document import Manifest, Tool
from plugins.models import SigningSecret, warm


@dataclass
class Setup:
    """One installation with its sealed secrets, and where that was asked for the live signing secrets of its plugin."""

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
    def opened(self) -> vault.Opened:
        """The secrets in clear, and the pointers of those that cannot be opened."""
        return vault.open_rows(self.secret_rows)


@dataclass
class Granted:
    """What one number may use of one installation."""

    id: UUID
    setup: Setup
    tools: set[str] = field(default_factory=set)
    permissions: set[str] = field(default_factory=set)


@dataclass
class Standing:
    """All that deciding for one number needs."""

    instance: Instance
    installed_toolkits: set[str]
    granted_toolkits: set[str]
    setups: dict[str, Setup]
    grants: dict[str, Granted] = field(default_factory=dict)

    def setup(self, slug: str) -> Setup | None:
        """Return the granted installation of a plugin, else the one the organization would grant."""
        grant = self.grants.get(slug)
        return grant.setup if grant else self.setups.get(slug)

    def tools(self) -> Iterator[tuple[Granted, Tool]]:
        """Yield each tool the agent can be offered here, in no order."""
        for grant in self.grants.values():
            for tool in grant.setup.manifest.offered_tools:
                yield grant, tool

    @property
    def suppressed_toolkits(self) -> list[str]:
        """The toolkits whose raw tools the agent hides: a plugin that holds commerce bridges takes their place."""
        held = (key for grant in self.grants.values() for key in grant.permissions)
        return [Toolkit.ECOMMERCE.value] if any(key.startswith(HIDES_COMMERCE) for key in held) else []

    @property
    def toolkits(self) -> list[str]:
        """The toolkits that work here: installed for the organization and granted to the number."""
        return sorted(self.installed_toolkits & self.granted_toolkits)


def of(instance: Instance, *, slug: str | None = None, with_signing: bool = False) -> Standing:
    """Load what deciding for one number needs; `slug` narrows it to one plugin."""
    return of_all(instance.organization, [instance], slug=slug, with_signing=with_signing)[instance.id]


def of_all(
    organization: Organization, instances: Sequence[Instance], *, slug: str | None = None, with_signing: bool = False
) -> dict[UUID, Standing]:
    """Load what deciding for several numbers of one organization needs, in two queries whatever their count."""
    installations = _installations(organization, slug)
    rows = fetch(organization, instances, slug=slug, with_signing=with_signing)
    setups = {installation.id: Setup(installation) for installation in installations}
    _fill_setups(setups, rows)
    by_slug = _preferred(setups.values())
    installed = {row.name for row in rows if row.kind is Kind.TOOLKIT}
    found = {each.id: Standing(each, installed, set(), by_slug) for each in instances}
    _fill_standings(found, setups, rows)
    return found


def _installations(organization: Organization, slug: str | None) -> list[Installation]:
    found = _installed(organization=organization.id, slug=slug)
    for installation in found:
        installation.organization = organization
    warm(installation.version for installation in found)
    return found


@compiled
def _installed(*, organization: UUID, slug: str | None) -> "QuerySet[Installation]":
    rows = Installation.objects.filter(organization=organization).order_by("id")
    narrowed: QuerySet[Installation] = rows.filter(plugin__slug=slug) if slug else rows
    return narrowed.select_related("plugin", "version").defer("version__document")


def _preferred(setups: Iterable[Setup]) -> dict[str, Setup]:
    """Choose per plugin which installation an ungranted number is judged by: present before removed, then newest."""
    chosen: dict[str, Setup] = {}
    for setup in setups:
        before = chosen.get(setup.slug)
        if before is None or _is_present(setup) >= _is_present(before):
            chosen[setup.slug] = setup
    return chosen


def _is_present(setup: Setup) -> bool:
    return setup.installation.state != Installation.State.REMOVED


def _fill_setups(setups: dict[UUID, Setup], rows: list[Row]) -> None:
    for row in rows:
        if row.kind is Kind.SECRET and row.owner in setups:
            setup = setups[row.owner]
            setup.secret_rows.append(
                InstallationSecret(
                    id=row.row,
                    organization_id=setup.installation.organization_id,
                    owner_id=row.owner,
                    pointer=row.name,
                    value=row.value,
                )
            )
        elif row.kind is Kind.SIGNING:
            secret = _signing_secret(row)
            for setup in setups.values():
                if (setup.installation.plugin_id, setup.installation.mode) == (secret.plugin_id, secret.mode):
                    setup.signing.append(secret)


def _signing_secret(row: Row) -> SigningSecret:
    mode, purpose, kid = row.name.split(":")
    return SigningSecret(id=row.row, plugin_id=row.owner, mode=mode, purpose=purpose, kid=kid, value=row.value)


def _fill_standings(found: dict[UUID, Standing], setups: dict[UUID, Setup], rows: list[Row]) -> None:
    by_id: dict[UUID, Granted] = {}
    for row in rows:
        if row.kind is Kind.GRANT and row.other in setups:
            by_id[row.row] = Granted(row.row, setups[row.other])
            found[row.owner].grants[setups[row.other].slug] = by_id[row.row]
        elif row.kind is Kind.NUMBER_TOOLKIT:
            found[row.owner].granted_toolkits.add(row.name)
    for row in rows:
        grant = by_id.get(row.owner) if row.kind in {Kind.TOOL, Kind.PERMISSION} else None
        if grant is None:
            continue
        if row.kind is Kind.PERMISSION:
            grant.permissions.add(row.name)
        elif row.value == "on":
            grant.tools.add(row.name)
