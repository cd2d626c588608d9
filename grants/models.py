from django.db import models
from django.utils.translation import gettext_lazy as _

from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from plugins.models import Plugin

TOOLKITS = [(toolkit.value, toolkit.value) for toolkit in Toolkit]


class OrganizationToolkit(models.Model):
    """A toolkit installed for an organization."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="toolkits")
    toolkit = models.CharField(max_length=16, choices=TOOLKITS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organization", "toolkit"], name="one_toolkit")]

    def __str__(self) -> str:
        return self.toolkit


class ToolkitGrant(models.Model):
    """A toolkit granted to a WhatsApp number."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="toolkit_grants")
    toolkit = models.CharField(max_length=16, choices=TOOLKITS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "toolkit"], name="one_toolkit_grant")]

    def __str__(self) -> str:
        return self.toolkit


class PluginGrantQuerySet(models.QuerySet["PluginGrant"]):
    def with_installation(self) -> "PluginGrantQuerySet":
        """Loads the number, the plugin and the installation too, without the document of its version."""
        related = self.select_related(
            "instance__organization", "plugin", "installation__plugin", "installation__version"
        )
        return related.defer("installation__version__document")

    def in_another_mode(self, installation: Installation) -> "PluginGrantQuerySet":
        """Returns the grants that a grant of this installation would replace."""
        others = self.filter(plugin=installation.plugin_id).exclude(installation=installation)
        return others.exclude(installation__state=Installation.State.REMOVED)


class PluginGrant(models.Model):
    """What a number may use of an installation. A number holds at most one installation of a plugin."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="plugin_grants")
    installation = models.ForeignKey(Installation, on_delete=models.PROTECT, related_name="grants")
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(auto_now_add=True)

    objects = PluginGrantQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "plugin"], name="one_grant_per_plugin")]

    def __str__(self) -> str:
        return f"{self.plugin_id} on {self.instance_id}"

    def enabled_tools(self) -> set[str]:
        """Returns the names of the tools that are on."""
        return set(self.tools.filter(state=ToolGrant.State.ON).values_list("tool", flat=True))

    def enabled_permissions(self) -> set[str]:
        """Returns the keys of the permissions that are on."""
        return set(self.permissions.values_list("key", flat=True))


class ToolGrant(models.Model):
    """The cell of a tool. No row means off."""

    class State(models.TextChoices):
        OFF = "off", _("Off")
        ON = "on", _("On")

    grant = models.ForeignKey(PluginGrant, on_delete=models.CASCADE, related_name="tools")
    tool = models.CharField(max_length=48)
    state = models.CharField(max_length=4, choices=State)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "tool"], name="one_cell_per_tool")]

    def __str__(self) -> str:
        return f"{self.tool} {self.state}"


class PermissionGrant(models.Model):
    """The cell of a permission: a row means on."""

    grant = models.ForeignKey(PluginGrant, on_delete=models.CASCADE, related_name="permissions")
    key = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grant", "key"], name="one_cell_per_permission")]

    def __str__(self) -> str:
        return self.key
