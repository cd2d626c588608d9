from datetime import date, datetime
from typing import Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Member, Organization
from kasilabs.lib import ids
from kasilabs.lib.crypto.fields import EncryptedField
from kasilabs.lib.text.phones import E164


class Instance(models.Model):
    """One connected WhatsApp number with its bot settings. On screens it is called a WhatsApp number."""

    class State(models.TextChoices):
        ACTIVE = "active", _("Active")
        SUSPENDED = "suspended", _("Suspended")

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="instances")
    name = models.CharField(_("name"), max_length=60)
    number = models.CharField(
        _("phone number"),
        max_length=16,
        unique=True,
        validators=[RegexValidator(rf"^{E164}\Z", _("Write the number with country code, as in +254700000141."))],
    )
    system_prompt = models.TextField(_("system prompt"), blank=True, max_length=8000)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("organization", Lower("name"), name="one_number_name"),
            models.UniqueConstraint(fields=["id", "organization"], name="instance_with_organization"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.INSTANCE, self.id)

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE


class AgentKeyQuerySet(models.QuerySet["AgentKey"]):
    def live(self, now: datetime | None = None) -> "AgentKeyQuerySet":
        """Returns the keys an agent can use now, the newest first."""
        return self.filter(Q(expires=None) | Q(expires__gt=now or timezone.now()), revoked=None).order_by("-id")


class AgentKey(models.Model):
    """The bearer key of a number's agent, kept as a look-up prefix and an HMAC. Two may live for 24 hours."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="agent_keys")
    prefix = models.CharField(max_length=8, unique=True)
    mac = models.CharField(max_length=64)
    created = models.DateTimeField(auto_now_add=True)
    expires = models.DateTimeField(null=True)
    revoked = models.DateTimeField(null=True)
    last_used_on = models.DateField(null=True)

    objects: ClassVar[Any] = AgentKeyQuerySet.as_manager()

    def __str__(self) -> str:
        return f"kla_{self.prefix}_…"

    def is_live(self, now: datetime) -> bool:
        return self.revoked is None and (self.expires is None or self.expires > now)

    def note_use(self, today: date) -> None:
        """Notes the day the key was last used; writes at most once a day."""
        if self.last_used_on != today:
            AgentKey.objects.filter(pk=self.pk).exclude(last_used_on=today).update(last_used_on=today)


class ChatAnswerer(models.Model):
    """A member who answers the chats of a number, as long as they belong to it and hold `chats.answer`."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="chat_answerers")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "member"], name="one_answerer")]

    def __str__(self) -> str:
        return f"{self.member_id} on {self.instance_id}"


class Customer(models.Model):
    """Somebody who writes to an organization. The row knows no number; its handles do, sealed."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="customers")
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.id)


class CustomerHandle(models.Model):
    """How a customer is reached. The index is an HMAC with the organization's own key; INSERT decides who is who."""

    class Kind(models.TextChoices):
        PHONE = "phone"
        USER_ID = "userId"

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="customer_handles")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="handles")
    kind = models.CharField(max_length=8, choices=Kind)
    index = models.CharField(max_length=64)
    value = EncryptedField(bound_to=("organization_id", "kind"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "index"], name="one_customer_per_handle"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.customer_id}"


class Conversation(models.Model):
    """A conversation at one number. The agent's own id for it may be a phone number, so it is sealed and indexed."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="conversations")
    instance = models.ForeignKey(Instance, on_delete=models.CASCADE, related_name="conversations")
    index = models.CharField(max_length=64)
    external_id = EncryptedField(bound_to=("instance_id",))
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="conversations")
    last_customer_message_at = models.DateTimeField(null=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "index"], name="one_conversation_per_id")]

    def __str__(self) -> str:
        return str(self.id)
