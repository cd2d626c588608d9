"""Everything a decision needs beside the installations, fetched as one statement.

Seven small tables are read as one UNION ALL of (kind, owner, row, other, name, value): a call must not pay seven round
trips, and a page must not pay one for each number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Concat

from grants.models import OrganizationToolkit, PermissionGrant, PluginGrant, ToolGrant, ToolkitGrant
from installations.models import InstallationSecret
from kasilabs.accounts.models import Organization
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


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the union. `owner` is what it belongs to, `row` its own id where it has one."""

    kind: Kind
    owner: UUID
    row: UUID
    other: UUID
    name: str
    value: str


def fetch(
    organization: Organization, instances: Sequence[Instance], *, slug: str | None, with_signing: bool
) -> list[Row]:
    """Fetch the rows for some numbers of an organization; `slug` narrows them to one plugin."""
    first, *rest = _parts(organization, instances, slug, with_signing=with_signing)
    return [Row(Kind(kind), *columns) for kind, *columns in first.union(*rest, all=True)]


def _parts(
    organization: Organization, instances: Sequence[Instance], slug: str | None, *, with_signing: bool
) -> list["QuerySet[Any, Any]"]:
    grants = Q(instance__in=instances) & (Q(plugin__slug=slug) if slug else Q())
    cells = Q(grant__instance__in=instances) & (Q(grant__plugin__slug=slug) if slug else Q())
    secrets = Q(organization=organization) & (Q(installation__plugin__slug=slug) if slug else Q())
    nothing = Value("")
    parts = [
        _part(Kind.GRANT, PluginGrant.objects.filter(grants), "instance_id", "id", "installation_id", nothing, nothing),
        _part(Kind.TOOL, ToolGrant.objects.filter(cells), "grant_id", "grant_id", "grant_id", F("tool"), F("state")),
        _part(
            Kind.PERMISSION,
            PermissionGrant.objects.filter(cells),
            "grant_id",
            "grant_id",
            "grant_id",
            F("key"),
            nothing,
        ),
        _part(
            Kind.TOOLKIT,
            OrganizationToolkit.objects.filter(organization=organization),
            *["organization_id"] * 3,
            F("toolkit"),
            nothing,
        ),
        _part(
            Kind.NUMBER_TOOLKIT,
            ToolkitGrant.objects.filter(instance__in=instances),
            *["instance_id"] * 3,
            F("toolkit"),
            nothing,
        ),
        _part(
            Kind.SECRET,
            InstallationSecret.objects.filter(secrets),
            "installation_id",
            "id",
            "id",
            F("pointer"),
            F("value"),
        ),
    ]
    if with_signing:
        parts.append(_signing(slug))
    return parts


def _signing(slug: str | None) -> "QuerySet[Any, Any]":
    rows = SigningSecret.objects.filter(plugin__slug=slug, purpose=SigningSecret.Purpose.TOOL, retires=None)
    return _part(Kind.SIGNING, rows, "plugin_id", "id", "id", Concat("mode", Value(":"), "kid"), F("value"))


def _part(
    kind: Kind, rows: "QuerySet[Any, Any]", owner: str, row: str, other: str, name: Any, value: Any
) -> "QuerySet[Any, Any]":
    return (
        rows.order_by()
        .annotate(_kind=Value(kind.value), _owner=F(owner), _row=F(row), _other=F(other), _name=name, _value=value)
        .values_list("_kind", "_owner", "_row", "_other", "_name", "_value")
    )
