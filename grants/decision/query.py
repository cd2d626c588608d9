"""Everything a decision needs beside the installations, fetched as one statement.

Seven small tables are read as one UNION ALL of (kind, owner, row, other, name, value): a call must not pay seven round
trips, and a page must not pay one for each number.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat, Now

from grants.models import OrganizationToolkit, PermissionGrant, PluginGrant, ToolGrant, ToolkitGrant
from installations.models import InstallationSecret
from kasilabs.accounts.models import Organization
from kasilabs.lib.db.compiled import compiled
from kasilabs.whatsapp.models import Instance
from plugins.models import SigningSecret


class Kind(StrEnum):
    """Which table a row came from."""

    GRANT = "grant"
    TOOL = "tool"
    PERMISSION = "permission"
    TOOLKIT = "toolkit"
    NUMBER_TOOLKIT = "number_toolkit"
    SECRET = "secret"
    SIGNING = "signing"


class Row(NamedTuple):
    """One row of the union. `owner` is what it belongs to, `row` its own id where it has one."""

    owner: UUID
    row: UUID
    other: UUID
    name: str
    value: str


def fetch(
    organization: Organization, instances: Sequence[Instance], *, slug: str | None, with_signing: bool
) -> dict[Kind, list[Row]]:
    """Fetch the rows for some numbers of an organization, by kind; `slug` narrows them to one plugin."""
    ids = [instance.id for instance in instances]
    if len(ids) == 1:
        found = _of_one(organization=organization.id, instance=ids[0], slug=slug, with_signing=with_signing)
    else:
        found = list(_union(organization.id, ids, slug, with_signing=with_signing))
    rows: dict[Kind, list[Row]] = {kind: [] for kind in Kind}
    for kind, *columns in found:
        rows[kind].append(Row(*columns))
    return rows


@compiled
def _of_one(*, organization: UUID, instance: UUID, slug: str | None, with_signing: bool) -> "QuerySet[Any, Any]":
    return _union(organization, [instance], slug, with_signing=with_signing)


def _union(
    organization: UUID, instances: Sequence[UUID], slug: str | None, *, with_signing: bool
) -> "QuerySet[Any, Any]":
    first, *rest = _parts(organization, instances, slug, with_signing=with_signing)
    return first.union(*rest, all=True)


def _parts(
    organization: UUID, instances: Sequence[UUID], slug: str | None, *, with_signing: bool
) -> list["QuerySet[Any, Any]"]:
    grants = Q(instance__in=instances) & (Q(plugin__slug=slug) if slug else Q())
    cells = Q(grant__instance__in=instances) & (Q(grant__plugin__slug=slug) if slug else Q())
    secrets = Q(organization=organization) & (Q(owner__plugin__slug=slug) if slug else Q())
    installed = OrganizationToolkit.objects.filter(organization=organization)
    granted = ToolkitGrant.objects.filter(instance__in=instances)
    sealed = InstallationSecret.objects.filter(secrets)
    nothing = Value("")
    parts = [
        _part(
            Kind.GRANT, PluginGrant.objects.filter(grants), ("instance_id", "id", "installation_id"), nothing, nothing
        ),
        _part(Kind.TOOL, ToolGrant.objects.filter(cells), ("grant_id",) * 3, F("tool"), F("state")),
        _part(Kind.PERMISSION, PermissionGrant.objects.filter(cells), ("grant_id",) * 3, F("key"), nothing),
        _part(Kind.TOOLKIT, installed, ("organization_id",) * 3, F("toolkit"), nothing),
        _part(Kind.NUMBER_TOOLKIT, granted, ("instance_id",) * 3, F("toolkit"), nothing),
        _part(Kind.SECRET, sealed, ("owner_id", "id", "id"), F("pointer"), F("value")),
    ]
    if with_signing:
        parts.append(_signing(slug))
    return parts


def _signing(slug: str | None) -> "QuerySet[Any, Any]":
    rows = SigningSecret.objects.live(at=Now()).filter(plugin__slug=slug)
    name = Concat("mode", Value(":"), "purpose", Value(":"), "kid")
    return _part(Kind.SIGNING, rows, ("plugin_id", "id", "id"), name, F("value"))


def _part(kind: Kind, rows: "QuerySet[Any, Any]", ids: tuple[str, ...], name: Any, value: Any) -> "QuerySet[Any, Any]":
    """Select one kind of row; `ids` are the columns for owner, row and other."""
    owner, row, other = map(F, ids)
    made: QuerySet[Any, Any] = rows.order_by().annotate(
        _kind=Value(kind.value), _owner=owner, _row=row, _other=other, _name=name, _value=value
    )
    return made.values_list("_kind", "_owner", "_row", "_other", "_name", "_value")
