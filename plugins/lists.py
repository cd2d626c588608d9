"""The two lists of the developer area, newest first, a page at a time: the cost of a page never grows with the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from kasilabs.accounts.models import Organization
from kasilabs.lib import cursor
from kasilabs.logs.models import Mode
from plugins.models import Plugin, SigningSecret, Version

ROWS = 50


@dataclass(frozen=True)
class Page:
    """Some rows, and the cursor of those after them where there are any."""

    rows: Sequence[Any]
    older: str = ""


def plugins(organization: Organization, after: str) -> Page:
    """Return plugins of the organization with `semver`, `name` and `state` of the newest version. Raises BadCursor."""
    newest = Version.objects.filter(plugin=OuterRef("pk")).newest_first()
    sandbox = SigningSecret.objects.filter(plugin=OuterRef("pk"), mode=Mode.SANDBOX)
    rows = Plugin.objects.filter(owner=organization).annotate(
        semver=Subquery(newest.values("semver")[:1]),
        name=Subquery(newest.values("name")[:1]),
        state=Subquery(newest.values("state")[:1]),
        added=Subquery(newest.values("created")[:1]),
        has_sandbox=Exists(sandbox),
    )
    return _page(rows, after, {"organization": organization.id.hex})


def versions(plugin: Plugin, after: str) -> Page:
    """Return versions of the plugin without their manifests. Raises BadCursor."""
    rows = Version.objects.filter(plugin=plugin).select_related("created_by").defer("document")
    return _page(rows, after, {"plugin": plugin.id.hex})


def _page(rows: QuerySet[Any], after: str, filters: dict[str, str]) -> Page:
    if after:
        rows = rows.filter(id__lt=cursor.read(after, filters))
    found = list(rows.order_by("-id")[: ROWS + 1])
    if len(found) <= ROWS:
        return Page(found)
    return Page(found[:ROWS], cursor.write(found[ROWS - 1].id, filters))
