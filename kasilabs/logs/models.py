from datetime import datetime
from uuid import UUID

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.lib import ids
from kasilabs.lib.crypto.fields import EncryptedField
from kasilabs.lib.states import Mode
from kasilabs.logs import diagnosis
from kasilabs.logs.gates import Gate


class CallState(models.TextChoices):
    OPEN = "open", _("Running")
    SUCCEEDED = "succeeded", _("Succeeded")
    DECLINED = "declined", _("Declined")
    PLUGIN_FAULT = "plugin_fault", _("Plugin fault")
    OUR_FAULT = "our_fault", _("Our fault")
    REFUSED = "refused", _("Refused")
    LOST = "lost", _("Lost")


FAULTS = (CallState.PLUGIN_FAULT, CallState.OUR_FAULT)
"""The ends that somebody has to mend. A refusal and a decline are answers: the platform or the plugin did its work."""

LONG_BYTES = 8 * 1024
"""An answer with more is long: the model of an agent reads every word of it."""


class CallKind(models.TextChoices):
    TOOL = "tool", _("Tool call")
    BRIDGE = "bridge", _("Bridge request")


class CallQuerySet(models.QuerySet["Call"]):
    def stale(self, now: datetime) -> "CallQuerySet":
        """Calls whose end nobody recorded: they are open past their deadline, so the process that made them is gone."""
        return self.filter(state=CallState.OPEN, lost_after__lt=now)


class Call(models.Model):
    """One call, with plain identifiers and the names as they were: the row outlives what it is about.

    The primary key is the call's UUIDv7, so that its order is the order of time. Nothing in here is secret or a phone
    number: request and response are redacted before they are written.

    Each filter of the log has an index in the order of the list. The columns behind the id decide the other filters
    without reading the row, so that even a combination that nothing fits is answered from the index alone.
    """

    id = models.UUIDField(primary_key=True, default=ids.uuid7, editable=False)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="calls", db_index=False)
    kind = models.CharField(max_length=8, choices=CallKind, default=CallKind.TOOL)
    instance_id = models.UUIDField(null=True)
    instance_name = models.CharField(max_length=60)
    installation_id = models.UUIDField(null=True)
    plugin = models.CharField(max_length=48, blank=True)
    plugin_name = models.CharField(max_length=60, blank=True)
    version = models.CharField(max_length=64, blank=True)
    mode = models.CharField(max_length=8, choices=Mode, blank=True)
    tool = models.CharField(max_length=64)

    state = models.CharField(max_length=16, choices=CallState)
    status = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=64, blank=True)
    gate = models.CharField(max_length=32, blank=True)
    detail = models.CharField(max_length=500, blank=True)
    gate_trace = models.JSONField(default=list)
    diagnosis = models.JSONField(null=True)

    conversation_id = models.UUIDField(null=True)
    customer_id = models.UUIDField(null=True)
    alias = models.CharField(max_length=40, blank=True)
    tested_by = models.CharField(max_length=254, blank=True)

    created = models.DateTimeField()
    lost_after = models.DateTimeField(null=True)
    finished = models.DateTimeField(null=True)
    duration_ms = models.PositiveIntegerField(null=True)
    timings = models.JSONField(default=dict)
    plugin_status = models.PositiveSmallIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    request = models.JSONField(default=dict)
    masked = models.JSONField(default=list)
    response = models.JSONField(null=True)
    response_bytes = models.PositiveIntegerField(null=True)
    request_id = models.CharField(max_length=64, blank=True)

    idempotency_index = models.CharField(max_length=64, null=True)  # noqa: DJ001  NULL is what UNIQUE lets stand twice
    fingerprint = models.CharField(max_length=64, blank=True)

    # Of a bridge request: the call it was made in, its key, and the bridge call that holds that key.
    made_in = models.UUIDField(null=True)
    key = models.CharField(max_length=128, blank=True)
    bridge_call = models.UUIDField(null=True)

    objects = CallQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["instance_id", "idempotency_index"], name="one_call_per_key"),
        ]
        indexes = [
            models.Index(fields=["organization", "-id", "mode"], name="call_list"),
            models.Index(fields=["organization", "state", "-id", "plugin", "tool", "instance_id"], name="call_state"),
            models.Index(fields=["organization", "plugin", "-id", "state", "instance_id"], name="call_plugin"),
            models.Index(fields=["organization", "plugin", "tool", "-id", "state", "instance_id"], name="call_tool"),
            models.Index(fields=["organization", "instance_id", "-id", "plugin", "tool", "state"], name="call_number"),
            models.Index(fields=["organization", "gate", "-id"], name="call_gate", condition=~models.Q(gate="")),
            models.Index(
                fields=["organization", "reason", "-id", "state", "plugin", "tool", "instance_id"],
                name="call_reason",
                condition=~models.Q(reason=""),
            ),
            models.Index(
                fields=["organization", "plugin", "version", "tool"],
                name="call_long",
                condition=models.Q(response_bytes__gt=LONG_BYTES),
            ),
            models.Index(
                fields=["organization", "-id", "state", "plugin", "tool", "instance_id"],
                name="call_bridge",
                condition=models.Q(kind="bridge"),
            ),
            models.Index(fields=["made_in", "id"], name="call_made_in", condition=models.Q(made_in__isnull=False)),
            models.Index(
                fields=["bridge_call"], name="call_bridge_call", condition=models.Q(bridge_call__isnull=False)
            ),
            models.Index(fields=["lost_after"], name="call_open", condition=models.Q(state="open")),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return ids.encode(ids.Prefix.BRIDGE_CALL if self.is_bridge else ids.Prefix.CALL, self.id)

    @staticmethod
    def decode_public_id(text: str) -> UUID | None:
        """Returns the UUID in the public id of a call or of a bridge request; None when `text` is neither."""
        return ids.decode(ids.Prefix.CALL, text) or ids.decode(ids.Prefix.BRIDGE_CALL, text)

    @property
    def is_bridge(self) -> bool:
        """Whether the plugin asked the platform; otherwise an agent asked the plugin."""
        return self.kind == CallKind.BRIDGE

    @property
    def made_in_id(self) -> str:
        """The public id of the call that a bridge request was made in; empty outside of a conversation."""
        return ids.encode(ids.Prefix.CALL, self.made_in) if self.made_in else ""

    @property
    def first_request(self) -> str:
        """The public id of the request that claimed the key of this one; empty where none did before it."""
        is_later = self.bridge_call is not None and self.bridge_call != self.id
        return ids.encode(ids.Prefix.BRIDGE_CALL, self.bridge_call) if self.bridge_call and is_later else ""

    @property
    def number_id(self) -> str:
        """The public id of the WhatsApp number; empty for a bridge request that named none."""
        return ids.encode(ids.Prefix.INSTANCE, self.instance_id) if self.instance_id else ""

    @property
    def agent_tool(self) -> str:
        """The tool's name as agents know it; what the agent asked for when there is no such tool; or the bridge."""
        if self.is_bridge:
            return self.tool
        return f"{self.plugin.lower()}__{self.tool}" if self.plugin else self.tool

    def is_stale(self, now: datetime) -> bool:
        return self.state == CallState.OPEN and self.lost_after is not None and self.lost_after < now

    @property
    def summary(self) -> str | Promise:
        """The sentence that says how the call ended; empty for one that succeeded."""
        if self.state == CallState.OPEN:
            return _("The plugin has not answered yet.")
        if self.state == CallState.LOST:
            return _("It is not known how this call ended: the platform stopped. The plugin may have done its work.")
        return self.detail or self.reason or self.code

    @property
    def why(self) -> str:
        """What decided a call that did not succeed: the gate, else the reason, else the code.

        Of the two gates that judge an answer the reason says more: the plugin's own code, or what was wrong.
        """
        gate = "" if self.gate in (Gate.BUSINESS, Gate.RESPONSE) else self.gate
        return gate or self.reason or self.code

    @property
    def finding(self) -> str:
        """The sentence that says what exactly was wrong with an input or an answer, and where; often empty."""
        return diagnosis.sentence(self.diagnosis)

    @property
    def is_long(self) -> bool:
        """Says whether the plugin gave a long answer; a page beside an error is none."""
        return (self.response_bytes or 0) > LONG_BYTES and 200 <= (self.plugin_status or 0) < 300


class CallAnswer(models.Model):
    """The answer to a call made with an idempotency key, sealed, for 24 hours. Its row names the call, nothing more."""

    call = models.OneToOneField(Call, primary_key=True, on_delete=models.CASCADE, related_name="answer")
    status = models.PositiveSmallIntegerField()
    body = EncryptedField()
    expires = models.DateTimeField()

    def __str__(self) -> str:
        return f"answer of {self.call_id}"
