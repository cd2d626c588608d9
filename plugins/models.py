from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization, User
from kasilabs.lib import ids
from kasilabs.lib.bounded_dict import BoundedDict
from kasilabs.lib.crypto import fields
from kasilabs.lib.states import Mode
from plugins.manifest import document as manifests
from plugins.manifest.document import Manifest
from plugins.manifest.snapshot import SnapshotDecoder

MAX_MANIFESTS = 512
USE_NOTED_EVERY = timedelta(minutes=1)


class PluginQuerySet(models.QuerySet["Plugin"]):
    def with_newest_version(self) -> "PluginQuerySet":
        """Adds `semver`, `name`, `state` and `added` of the version that was added last."""
        newest = Version.objects.filter(plugin=OuterRef("pk")).newest_first()
        return self.annotate(
            semver=Subquery(newest.values("semver")[:1]),
            name=Subquery(newest.values("name")[:1]),
            state=Subquery(newest.values("state")[:1]),
            added=Subquery(newest.values("created")[:1]),
        )

    def with_has_sandbox(self) -> "PluginQuerySet":
        """Adds `has_sandbox`: the plugin was installed in the sandbox, so it has signing secrets there."""
        secrets = SigningSecret.objects.filter(plugin=OuterRef("pk"), mode=Mode.SANDBOX)
        return self.annotate(has_sandbox=Exists(secrets))


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

    objects = PluginQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.PLUGIN, self.id)

    def is_owned_by(self, organization: Organization) -> bool:
        return self.owner_id == organization.pk


class VersionQuerySet(models.QuerySet["Version"]):
    def newest_first(self) -> "VersionQuerySet":
        """Orders by when a version was added: ids are time-ordered."""
        return self.order_by("-id")

    def not_quarantined(self) -> "VersionQuerySet":
        return self.exclude(state=Version.State.QUARANTINED)

    def published(self) -> "VersionQuerySet":
        """Those that review opened to other organizations."""
        return self.filter(state__in=PUBLISHED)

    def without_document(self) -> "VersionQuerySet":
        """Leaves the manifest in the database: a list does not show it, and it may have 256 KiB."""
        return self.defer("document")

    def update(self, **changes: Any) -> int:
        """Updates what may change. Raises TypeError."""
        _check_mutable(changes)
        return super().update(**changes)


MUTABLE = frozenset({"state", "created_by"})
"""All of a version that may change after its first save."""


def _check_mutable(columns: Iterable[str]) -> None:
    immutable = sorted(set(columns) - MUTABLE)
    if immutable:
        raise TypeError(f"A version never changes: {', '.join(immutable)} cannot be saved again.")


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
        """Saves a new snapshot, or of an old one what may change. Raises TypeError."""
        if not self._state.adding:
            _check_mutable(kwargs.get("update_fields") or ["document", "digest"])
        super().save(*args, **kwargs)

    @property
    def is_published(self) -> bool:
        return self.state in PUBLISHED

    @property
    def is_quarantined(self) -> bool:
        return self.state == self.State.QUARANTINED

    @property
    def manifest(self) -> Manifest:
        """The manifest as dataclasses, compiled once per process and digest."""
        return _manifests.get(self.digest) or _compile_manifest(self.digest, self.document)


PUBLISHED = frozenset({Version.State.PUBLISHED, Version.State.DEPRECATED})
"""A deprecated version still works, and other organizations may still install it."""

_manifests: BoundedDict[str, Manifest] = BoundedDict(MAX_MANIFESTS)


def _compile_manifest(digest: str, document: dict[str, Any]) -> Manifest:
    manifest = manifests.load(document, digest)
    _manifests[digest] = manifest
    return manifest


def compile_manifests(versions: Iterable[Version]) -> None:
    """Compiles the manifests of these versions that this process has not seen yet, with one query for all of them."""
    unseen = {version.digest for version in versions} - _manifests.keys()
    if unseen:
        for digest, document in Version.objects.filter(digest__in=unseen).values_list("digest", "document"):
            _compile_manifest(digest, document)


class SigningSecretQuerySet(models.QuerySet["SigningSecret"]):
    def current(self) -> "SigningSecretQuerySet":
        """Those that nothing has replaced: one for each plugin, mode and purpose."""
        return self.filter(retires=None)

    def get_current(self, mode: Mode, purpose: "SigningSecret.Purpose") -> "SigningSecret":
        """Returns the current one of a plugin. Raises DoesNotExist before the first installation in this mode."""
        return self.current().get(mode=mode, purpose=purpose)

    def live(self, at: datetime | Now | None = None) -> "SigningSecretQuerySet":
        """Those a signature may be made with at a moment, by default now: the current ones and, for a day, the last.

        A compiled statement passes `Now()`, the database's own moment.
        """
        return self.filter(Q(retires=None) | Q(retires__gt=at or timezone.now()))

    def in_order(self) -> "SigningSecretQuerySet":
        """Tool before bridge, then the newest first."""
        return self.order_by("-purpose", "-id")


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
    value = fields.EncryptedField(bound_to=("plugin_id", "mode", "purpose", "kid"))
    created = models.DateTimeField(auto_now_add=True)
    shown = models.DateTimeField(null=True)
    retires = models.DateTimeField(null=True)
    last_used = models.DateTimeField(null=True)

    objects = SigningSecretQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plugin", "mode", "purpose"], condition=Q(retires=None), name="one_current_secret"
            )
        ]

    def __str__(self) -> str:
        return self.kid

    def reveal(self) -> str:
        """Returns the secret as it was shown; its UTF-8 bytes are the HMAC key. Raises CannotOpen."""
        return fields.reveal(self, "value")

    def mark_shown(self) -> bool:
        """Records that somebody sees the secret now; of two who ask at once, True goes to one."""
        return SigningSecret.objects.filter(pk=self.pk, shown=None).update(shown=timezone.now()) == 1

    def note_use(self, now: datetime) -> None:
        """Notes when a bridge request was last signed with it; writes at most once a minute."""
        if self.last_used is None or now - self.last_used >= USE_NOTED_EVERY:
            SigningSecret.objects.filter(pk=self.pk).update(last_used=now)
