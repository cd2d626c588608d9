from enum import StrEnum

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization, User
from kasilabs.accounts.permissions import Permission
from kasilabs.configuration import vault
from kasilabs.configuration.form import StoredConfiguration
from kasilabs.configuration.vault import SealedSecret
from kasilabs.lib import ids
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Customer
from plugins.models import Plugin, Version, compile_manifests

ALIAS_HASH_VERSION = 1
"""How `installations.aliases` derives an alias; another derivation gets another number."""


class Attention(StrEnum):
    """Why an installation does not do what its owner expects."""

    QUARANTINED = "quarantined"
    NEEDS_CONFIGURATION = "needs_configuration"
    SECRET_UNREADABLE = "secret_unreadable"


class InstallationQuerySet(models.QuerySet["Installation"]):
    def not_removed(self) -> "InstallationQuerySet":
        return self.exclude(state=Installation.State.REMOVED)

    def with_version(self) -> "InstallationQuerySet":
        """Loads plugin and version too, without the document: a process compiles each manifest only once."""
        return self.select_related("plugin", "version").defer("version__document")

    def fetch_with_manifests(self) -> list["Installation"]:
        """Returns the installations with their versions; one query compiles all manifests that are new here."""
        found = list(self.with_version())
        compile_manifests(installation.version for installation in found)
        return found


class Installation(models.Model):
    """A plugin set up for one organization, pinned to one version. Rows are never deleted."""

    class State(models.TextChoices):
        NEEDS_CONFIGURATION = "needs_configuration", _("Needs configuration")
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")
        REMOVED = "removed", _("Removed")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="installations")
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="installations")
    mode = models.CharField(max_length=8, choices=Mode)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    schema_digest = models.CharField(max_length=64, blank=True)
    values = models.JSONField(default=dict)
    config_version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=20, choices=State, default=State.NEEDS_CONFIGURATION)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created = models.DateTimeField(auto_now_add=True)
    removed = models.DateTimeField(null=True)

    objects = InstallationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "plugin", "mode"], condition=~Q(state="removed"), name="one_installation"
            ),
            models.UniqueConstraint(fields=["id", "organization"], name="installation_with_organization"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.INSTALLATION, self.id)

    @property
    def revision(self) -> str:
        """What is installed, for a page that must not act on anything else."""
        return f"{self.public_id} {self.version.semver}"

    @property
    def is_removed(self) -> bool:
        return self.state == self.State.REMOVED

    @property
    def needs_configuration(self) -> bool:
        return self.state == self.State.NEEDS_CONFIGURATION

    @property
    def removal_permission(self) -> Permission:
        """What a person needs to remove it: a sandbox is its developers' own, and what is live is not."""
        if self.mode == Mode.SANDBOX and self.plugin.owner_id == self.organization_id:
            return Permission.INSTALLATIONS_REMOVE_SANDBOX
        return Permission.INSTALLATIONS_REMOVE

    def attention_reasons(self) -> list[Attention]:
        """Returns what stands in the way of calls, worst first. Reads the secrets' states, not their values."""
        reasons = []
        if self.version.is_quarantined:
            reasons.append(Attention.QUARANTINED)
        if self.needs_configuration:
            reasons.append(Attention.NEEDS_CONFIGURATION)
        if not all(state.is_readable for state in vault.states(self).values()):
            reasons.append(Attention.SECRET_UNREADABLE)
        return reasons

    @property
    def configuration(self) -> StoredConfiguration:
        """What the configuration form begins with."""
        return StoredConfiguration(self.values, vault.states(self), self.config_version)


class InstallationSecret(SealedSecret):
    """One secret value of an installation's configuration."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey(Installation, on_delete=models.PROTECT, related_name="secrets")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "pointer"], name="one_secret_per_field")]


class CustomerAlias(models.Model):
    """The pseudonym a plugin sees for a customer in one mode; kept so that a bridge can find the customer again.

    It outlives the installation: whoever installs the plugin anew meets the same customers.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=8, choices=Mode)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="aliases")
    hash_version = models.PositiveSmallIntegerField(default=ALIAS_HASH_VERSION)
    alias = models.CharField(max_length=40, unique=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "plugin", "mode", "customer", "hash_version"], name="one_alias"
            ),
        ]

    def __str__(self) -> str:
        return self.alias
