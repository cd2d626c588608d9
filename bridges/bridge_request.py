"""One bridge request: what the plugin asks for, and what becomes known on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.utils import timezone

from bridges import refusals
from bridges.actions.action import Action, Target
from bridges.auth import chat
from installations.models import Installation
from kasilabs.accounts.models import Organization
from kasilabs.calls.chat_token import ChatToken
from kasilabs.lib import ids
from kasilabs.logs.gates import Gate
from kasilabs.logs.models import Call, CallKind
from kasilabs.whatsapp import customers
from kasilabs.whatsapp.models import Customer, Instance
from plugins.models import SigningSecret


@dataclass(repr=False)
class BridgeRequest:
    """One request with a valid token. The API fills in the first fields, the checks the others as they go.

    `row` is its log row. Tokens pass through here, so a request has no repr.
    """

    action: Action
    method: str
    path: str
    body: bytes
    document: Mapping[str, Any]
    key: str | None
    request_id: str
    secret: SigningSecret
    tokens: Sequence[str]
    """The texts of both tokens, which the log must not show wherever a plugin repeats them."""

    started: datetime = field(default_factory=timezone.now)
    row: Call = field(init=False)

    # Who asks, and about whom. A listing of installations has none of these.
    installation: Installation | None = None
    chat: ChatToken | None = None
    is_chat_live: bool = False
    instance: Instance | None = None
    customer: Customer | None = None
    customer_id: UUID | None = None
    alias: str = ""
    target: Target | None = None

    asked: Sequence[Gate] = ()
    """The gates that were asked so far, except one that refuses."""

    def __post_init__(self) -> None:
        plugin = self.secret.plugin
        self.row = Call(
            id=ids.uuid7(),
            kind=CallKind.BRIDGE,
            organization=plugin.owner,
            plugin=plugin.slug,
            mode=self.secret.mode,
            tool=self.action.name,
            key=self.key or "",
            request_id=self.request_id,
            created=self.started,
        )

    @property
    def organization(self) -> Organization:
        """The organization asked about; for a listing of installations the one that owns the plugin."""
        return self.installation.organization if self.installation else self.secret.plugin.owner

    def set_installation(self, installation: Installation) -> None:
        """Sets who asks, and its names in the row as they are now."""
        self.installation, row = installation, self.row
        row.organization, row.installation_id = installation.organization, installation.id
        row.plugin_name, row.version = installation.version.name, installation.version.semver

    def set_instance(self, instance: Instance) -> None:
        self.instance = instance
        self.row.instance_id, self.row.instance_name = instance.id, instance.name

    def set_customer(self, customer_id: UUID, alias: str) -> None:
        self.customer_id = self.row.customer_id = customer_id
        self.alias = self.row.alias = alias

    @property
    def sender(self) -> Installation:
        """The installation that asks, for all actions that one is behind. Raises TypeError."""
        if self.installation is None:
            raise TypeError("no installation asks")
        return self.installation

    @property
    def may_claim(self) -> bool:
        """Whether it may do anything: a chat token that no longer serves only reads what it has claimed."""
        return self.chat is None or self.is_chat_live

    @cached_property
    def phones(self) -> tuple[str, ...]:
        """The phone numbers of the customer, and of whom the object is about: the log must not show them.

        Raises CannotOpen.
        """
        people = dict.fromkeys([self.customer_id, self.target.customer_id if self.target else None])
        return tuple(phone for person in people if person for phone in customers.phones(person))

    @property
    def for_log(self) -> dict[str, Any]:
        """What the log keeps of the request, before it is redacted."""
        return {"method": self.method, "path": self.path, "body": dict(self.document)}

    def count_use(self) -> None:
        """Counts one use of the chat token, in the caller's transaction. Raises RequestRefused."""
        family = self.action.counted_as
        if self.chat is not None and family and not chat.count_use(self.chat, family):
            raise refusals.use_cap_reached()
