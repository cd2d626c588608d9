"""What the two lists of the developer area show of a plugin and of a version."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from kasilabs.accounts.models import Organization
from kasilabs.lib.states import Mode
from plugins.models import Plugin, SigningSecret, Version


def plugins(organization: Organization) -> "QuerySet[Any]":
    """Return the plugins of an organization, each with `semver`, `name` and `state` of its newest version."""
    newest = Version.objects.filter(plugin=OuterRef("pk")).newest_first()
    sandbox = SigningSecret.objects.filter(plugin=OuterRef("pk"), mode=Mode.SANDBOX)
    return Plugin.objects.filter(owner=organization).annotate(
        semver=Subquery(newest.values("semver")[:1]),
        name=Subquery(newest.values("name")[:1]),
        state=Subquery(newest.values("state")[:1]),
        added=Subquery(newest.values("created")[:1]),
        has_sandbox=Exists(sandbox),
    )


def versions(plugin: Plugin) -> "QuerySet[Any]":
    """Return the versions of a plugin without their manifests."""
    found: QuerySet[Any] = Version.objects.filter(plugin=plugin).select_related("created_by").defer("document")
    return found
