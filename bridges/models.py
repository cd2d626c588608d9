from django.db import models

from kasilabs.accounts.models import Organization
from kasilabs.jobs.models import DueRow
from kasilabs.lib import ids
from kasilabs.lib.crypto.fields import EncryptedField
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Customer, Instance
from plugins.models import Plugin


class RequestNonce(models.Model):
    """A request token that was used: its INSERT decides, so that a token works once over all processes."""

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    kid = models.CharField(max_length=32)
    jti = models.CharField(max_length=64)
    expires = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kid", "jti"], name="one_use_per_token")]
        indexes = [models.Index(fields=["expires"], name="nonce_expires")]

    def __str__(self) -> str:
        return f"{self.kid} {self.jti}"


class ChatTokenUse(models.Model):
    """How often a chat token has served one family of actions."""

    jti = models.CharField(max_length=64)
    family = models.CharField(max_length=16)
    count = models.PositiveSmallIntegerField(default=0)
    expires = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["jti", "family"], name="one_count_per_family")]
        indexes = [models.Index(fields=["expires"], name="chat_use_expires")]

    def __str__(self) -> str:
        return f"{self.family} {self.count}"


class BridgeCall(DueRow):
    """One idempotency key that was claimed, and what came of it; `bridges.idempotency` says how it moves.

    The columns of DueRow say who works on it. The request is kept sealed until it is finished, so that a worker can
    finish what a process left behind, and the answer for 30 days. What an action of money leaves stays without them.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="bridge_calls")
    plugin = models.ForeignKey(Plugin, on_delete=models.PROTECT, related_name="+")
    mode = models.CharField(max_length=8, choices=Mode)
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    action = models.CharField(max_length=40)
    moves_money = models.BooleanField()

    installation_id = models.UUIDField()
    instance = models.ForeignKey(Instance, on_delete=models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="+")
    alias = models.CharField(max_length=40, blank=True)
    target_id = models.UUIDField(null=True)
    made_in = models.UUIDField(null=True)
    chat_jti = models.CharField(max_length=64, blank=True)

    request = EncryptedField(blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = EncryptedField(blank=True)

    class Meta(DueRow.Meta):
        constraints = [
            *DueRow.Meta.constraints,
            models.UniqueConstraint(fields=["organization", "plugin", "mode", "key"], name="one_call_per_bridge_key"),
        ]

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.BRIDGE_CALL, self.id)
