from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization, User
from kasilabs.lib import ids
from kasilabs.lib.crypto.fields import EncryptedField
from kasilabs.lib.states import Mode
from plugins.manifest import document as manifests
from plugins.manifest.snapshot import SnapshotDecoder


class Plugin(models.Model):
    """The published thing: one slug, owned by one organization."""

    class Listing(models.TextChoices):
        PRIVATE = "private", _("Private")
        LISTED = "listed", _("Listed")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    slug = models.CharField(max_length=48, unique=True)
    owner = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="plugins")
    listing = models.CharField(max_length=8, choices=Listing, default=Listing.PRIVATE)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.slug

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.PLUGIN, self.id)

    def is_owned_by(self, organization: Organization) -> bool:
        return self.owner_id == organization.pk


class VersionQuerySet(models.QuerySet["Version"]):
    def newest_first(self) -> "VersionQuerySet":
        """Order by when a version was added: ids are time-ordered."""
        return self.order_by("-id")

    def published(self) -> "VersionQuerySet":
        """Those that review opened to other organizations."""
        return self.filter(state__in=PUBLISHED)

    def update(self, **changes: Any) -> int:
        _refuse_change(changes)
        return super().update(**changes)


CHANGING = frozenset({"state", "created_by"})
"""All of a version that may change after its first save (contracts, section 1)."""


def _refuse_change(columns: Iterable[str]) -> None:
    kept = sorted(set(columns) - CHANGING)
    if kept:
        raise TypeError(f"A version never changes: {', '.join(kept)} cannot be saved again.")


class Version(models.Model):
    """One immutable manifest snapshot. The digest is SHA-256 over its RFC 8785 form."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        IN_REVIEW = "in_review", _("In review")
        APPROVED = "approved", _("Approved")
        CHANGES_REQUESTED = "changes_requested", _("Changes requested")
        REJECTED = "rejected", _("Rejected")
        PUBLISHED = "published", _("Published")
        DEPRECATED = "deprecated", _("Deprecated")
        QUARANTINED = "quarantined", _("Quarantined")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="versions")
    semver = models.CharField(max_length=64)
    document = models.JSONField(decoder=SnapshotDecoder)
    digest = models.CharField(max_length=64)
    name = models.CharField(max_length=60)
    state = models.CharField(max_length=20, choices=State, default=State.DRAFT)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["plugin", "semver"], name="one_snapshot_per_version")]

    def __str__(self) -> str:
        return f"{self.plugin_id} {self.semver}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save a new snapshot, or of an old one what may change. Raises TypeError."""
        if not self._state.adding:
            _refuse_change(kwargs.get("update_fields") or ["document", "digest"])
        super().save(*args, **kwargs)

    @property
    def is_published(self) -> bool:
        return self.state in PUBLISHED

    @property
    def is_quarantined(self) -> bool:
        return self.state == self.State.QUARANTINED

    @property
    def manifest(self) -> manifests.Manifest:
        """The manifest as dataclasses, compiled once per process and digest."""
        return _manifests.get(self.digest) or _remember(self.digest, self.document)


PUBLISHED = frozenset({Version.State.PUBLISHED, Version.State.DEPRECATED})
"""A deprecated version still works, and other organizations may still install it."""

MOST_MANIFESTS = 512
_manifests: dict[str, manifests.Manifest] = {}


def _remember(digest: str, document: dict[str, Any]) -> manifests.Manifest:
    while len(_manifests) >= MOST_MANIFESTS:
        _manifests.pop(next(iter(_manifests)), None)
    return _manifests.setdefault(digest, manifests.load(document, digest))


def warm(versions: Iterable[Version]) -> None:
    """Compile the manifests of these versions that this process has not seen yet, with one query for all of them."""
    unseen = {version.digest for version in versions} - _manifests.keys()
    for digest, document in (
        Version.objects.filter(digest__in=unseen).values_list("digest", "document") if unseen else ()
    ):
        _remember(digest, document)


class SigningSecret(models.Model):
    """What tool calls or bridge requests of one (plugin, mode) are signed with. Shown once, two live at most."""

    class Purpose(models.TextChoices):
        TOOL = "tool", _("Tool calls")
        BRIDGE = "bridge", _("Bridge requests")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="signing_secrets")
    mode = models.CharField(max_length=8, choices=Mode)
    purpose = models.CharField(max_length=8, choices=Purpose)
    kid = models.CharField(max_length=32, unique=True)
    value = EncryptedField(bound_to=("plugin_id", "mode", "purpose", "kid"))
    created = models.DateTimeField(auto_now_add=True)
    shown = models.DateTimeField(null=True)
    retires = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plugin", "mode", "purpose"], condition=Q(retires=None), name="one_current_secret"
            )
        ]

    def __str__(self) -> str:
        return self.kid
