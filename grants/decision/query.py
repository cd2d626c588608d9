"""Everything a decision needs beside the installations, fetched as one statement.

Some small tables are read as one UNION ALL of (kind, owner, row, other, name, value): a call must not pay seven round
trips, and a page must not pay one for each number.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast, Concat, Now

from grants.models import OrganizationToolkit, PermissionGrant, PluginGrant, ToolGrant, ToolkitGrant
from installations.models import Installation, InstallationSecret
from kasilabs.accounts.models import Organization
from kasilabs.lib.db.compiled import compiled
from kasilabs.whatsapp.models import ChatAnswerer, Instance
from plugins.models import SigningSecret


class RowKind(StrEnum):
    """Which table a row came from."""

    GRANT = "grant"
    TOOL = "tool"
    PERMISSION = "permission"
    TOOLKIT = "toolkit"
    NUMBER_TOOLKIT = "number_toolkit"
    SECRET = "secret"
    SIGNING = "signing"
    INSTALLED = "installed"
    ANSWERER = "answerer"


@dataclass(frozen=True)
class Scope:
    """How much is read. `slug` narrows the rows to one plugin, except where it requires other plugins.

    `signing` needs a slug. Who answers the chats is read where somebody requires it.
    """

    slug: str | None = None
    signing: bool = False
    other_plugins: bool = False
    answerers: bool = False


class DecisionRow(NamedTuple):
    """One row of the union. `owner` is what it belongs to, `row` its own id where it has one."""

    owner: UUID
    row: UUID
    other: UUID
    name: str
    value: str


def fetch_rows(organization: Organization, instances: Sequence[Instance], scope: Scope) -> dict[str, list[DecisionRow]]:
    """Returns the rows for some numbers of an organization, by kind.

    A SIGNING row has mode, purpose and kid as its name. An INSTALLED row has the slug, and as its value the states of
    installation and version. An ANSWERER row has a role, and as its value the permissions beyond it and those withdrawn
    from it, two lists in JSON.
    """
    ids = [instance.id for instance in instances]
    if len(ids) == 1:
        found = _of_one(organization=organization.id, instance=ids[0], **asdict(scope))
    else:
        found = list(_union(organization.id, ids, scope))
    rows: dict[str, list[DecisionRow]] = defaultdict(list)
    for kind, *columns in found:
        rows[kind].append(DecisionRow(*columns))
    return rows


@compiled
def _of_one(*, organization: UUID, instance: UUID, **scope: Any) -> "QuerySet[Any, Any]":
    return _union(organization, [instance], Scope(**scope))


def _union(organization: UUID, instances: Sequence[UUID], scope: Scope) -> "QuerySet[Any, Any]":
    first, *rest = _parts(organization, instances, scope)
    return first.union(*rest, all=True)


def _parts(organization: UUID, instances: Sequence[UUID], scope: Scope) -> list["QuerySet[Any, Any]"]:
    slug = scope.slug
    grants = Q(instance__in=instances) & (Q(plugin__slug=slug) if slug and not scope.other_plugins else Q())
    cells = Q(grant__instance__in=instances) & (Q(grant__plugin__slug=slug) if slug else Q())
    secrets = Q(organization=organization) & (Q(owner__plugin__slug=slug) if slug else Q())
    in_grant, nothing = ("grant_id",) * 3, Value("")
    parts = [
        _select(
            RowKind.GRANT,
            PluginGrant.objects.filter(grants),
            ids=("instance_id", "id", "installation_id"),
            name=nothing,
            value=nothing,
        ),
        _select(RowKind.TOOL, ToolGrant.objects.filter(cells), ids=in_grant, name=F("tool"), value=F("state")),
        _select(RowKind.PERMISSION, PermissionGrant.objects.filter(cells), ids=in_grant, name=F("key"), value=nothing),
        _select(
            RowKind.TOOLKIT,
            OrganizationToolkit.objects.filter(organization=organization),
            ids=("organization_id",) * 3,
            name=F("toolkit"),
            value=nothing,
        ),
        _select(
            RowKind.NUMBER_TOOLKIT,
            ToolkitGrant.objects.filter(instance__in=instances),
            ids=("instance_id",) * 3,
            name=F("toolkit"),
            value=nothing,
        ),
        _select(
            RowKind.SECRET,
            InstallationSecret.objects.filter(secrets),
            ids=("owner_id", "id", "id"),
            name=F("pointer"),
            value=F("value"),
        ),
    ]
    if scope.other_plugins:
        parts.append(
            _select(
                RowKind.INSTALLED,
                Installation.objects.not_removed().filter(organization=organization),
                ids=("id", "id", "id"),
                name=F("plugin__slug"),
                value=Concat("state", Value(":"), "version__state"),
            )
        )
    if scope.answerers:
        adjustments = [Cast(f"member__{name}", TextField()) for name in ("extra", "withdrawn")]
        parts.append(
            _select(
                RowKind.ANSWERER,
                ChatAnswerer.objects.filter(instance__in=instances, member__user__is_active=True),
                ids=("instance_id",) * 3,
                name=F("member__role"),
                value=Concat(
                    Value("["), adjustments[0], Value(","), adjustments[1], Value("]"), output_field=TextField()
                ),
            )
        )
    if scope.signing:
        parts.append(
            _select(
                RowKind.SIGNING,
                SigningSecret.objects.live(at=Now()).filter(plugin__slug=slug),
                ids=("plugin_id", "id", "id"),
                name=Concat("mode", Value(":"), "purpose", Value(":"), "kid"),
                value=F("value"),
            )
        )
    return parts


def _select(
    kind: RowKind, rows: "QuerySet[Any, Any]", *, ids: tuple[str, ...], name: Any, value: Any
) -> "QuerySet[Any, Any]":
    """Selects one kind of row; `ids` are the columns for owner, row and other."""
    owner, row, other = map(F, ids)
    made: QuerySet[Any, Any] = rows.order_by().annotate(
        _kind=Value(kind.value), _owner=owner, _row=row, _other=other, _name=name, _value=value
    )
    return made.values_list("_kind", "_owner", "_row", "_other", "_name", "_value")
