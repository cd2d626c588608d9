"""To whom an object of a toolkit belongs, and where it came from.

Objects belong to (organization, plugin, mode): removing a plugin and installing it again neither hides what was paid
nor charges it twice. Plugins and aliases are tables above this app, so they stand here as plain text.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.utils import timezone

from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Customer, Instance


@dataclass(frozen=True)
class Scope:
    """Who sees an object; `plugin` is the slug, empty for what the agent asked of the platform itself."""

    organization: Organization
    plugin: str
    mode: Mode


@dataclass(frozen=True)
class Origin:
    """The one call that an object comes from, with the number and the customer it was about.

    `call` is the public id of a bridge call (`brc_…`) or of a tool call (`call_…`). It is unique in each table: the
    database itself refuses a second effect of one call.
    """

    call: str
    scope: Scope
    instance: Instance
    customer: Customer
    alias: str = ""


class ScopedQuerySet(models.QuerySet[Any]):
    def in_scope(self, scope: Scope) -> Self:
        """What a plugin may address: objects of another scope do not exist for it."""
        return self.filter(organization=scope.organization, plugin=scope.plugin, mode=scope.mode)


class ScopedRow(models.Model):
    """The columns that say whose an object is. An app's Meta extends this one."""

    PREFIX: ClassVar[ids.Prefix]

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="%(class)ss", db_index=False)
    plugin = models.CharField(max_length=48, blank=True)
    mode = models.CharField(max_length=8, choices=Mode)
    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="%(class)ss")
    alias = models.CharField(max_length=40, blank=True)
    origin = models.CharField(max_length=40, unique=True)
    created = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[Any] = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["organization", "-id"], name="%(class)s_list")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode(self.PREFIX, self.id)

    @classmethod
    def decode_id(cls, public_id: str) -> UUID | None:
        return ids.decode(cls.PREFIX, public_id)

    @classmethod
    def of(cls, origin: Origin, **columns: Any) -> Self:
        """Returns an unsaved row. Raises ValueError when number, customer and organization do not belong together."""
        organization = origin.scope.organization
        if {origin.instance.organization_id, origin.customer.organization_id} != {organization.id}:
            raise ValueError("number and customer belong to another organization")
        return cls(
            organization=organization,
            plugin=origin.scope.plugin,
            mode=origin.scope.mode,
            instance=origin.instance,
            customer=origin.customer,
            alias=origin.alias,
            origin=origin.call,
            **columns,
        )
