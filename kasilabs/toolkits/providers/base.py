"""What every provider is asked, and what it may answer.

An adapter knows its provider's addresses, codes and limits, and nothing of effects. It is called with no transaction
open and no pooled connection held, and keeps to the deadline it is given.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from kasilabs.accounts.models import Organization
from kasilabs.lib.money import Money
from kasilabs.lib.refusal import Refused
from kasilabs.lib.states import Mode


class BadWebhook(Exception):
    """What arrived is not signed by the provider, or cannot be read. Nothing of it is believed."""


class Status(StrEnum):
    """What a provider's answer says about an effect.

    NOT_SENT: nothing left this machine. PENDING: the provider has it, its final word comes later. SETTLED and REFUSED
    are final. UNKNOWN: the answer was lost or makes no sense. NOT_FOUND: asked by our reference, it knows of nothing;
    our request may still be on its way.
    """

    NOT_SENT = "not_sent"
    PENDING = "pending"
    SETTLED = "settled"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    NOT_FOUND = "not_found"


LONGEST_TEXT = 64
FINAL = frozenset({Status.SETTLED, Status.REFUSED})


@dataclass(frozen=True)
class Answer:
    """One word of a provider. `code` is stable and ours; `cancelled` means that the customer said no.

    `receipt` is what the provider calls the effect, for operators only, and holds no phone number; `amount` is what it
    says it moved.
    """

    status: Status
    code: str = ""
    receipt: str = ""
    amount: Money | None = None

    def __post_init__(self) -> None:
        """Cuts what a provider made too long for our columns: its word counts all the same."""
        for name in ("code", "receipt"):
            object.__setattr__(self, name, getattr(self, name).replace("\0", "")[:LONGEST_TEXT])


@dataclass(frozen=True)
class Event:
    """What a webhook says about the effect with our reference."""

    reference: str
    answer: Answer


@dataclass(frozen=True)
class Request:
    """What every request carries. `reference` is the same for every attempt at one effect.

    `asked_at` is when the effect was first sent, None before that; `account` is what the adapter's `account` returned.
    """

    reference: str
    asked_at: datetime | None
    account: object = field(repr=False)


class Operation(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"


@dataclass(frozen=True)
class Transfer(Request):
    """Money to collect from a customer, or to give back: then `charge` and `receipt` name what was collected."""

    operation: Operation
    amount: Money
    description: str = ""
    phone: str = field(default="", repr=False)
    charge: str = ""
    receipt: str = ""


@dataclass(frozen=True)
class Capabilities:
    """What a provider can do, which decides how a lost answer is made up for.

    `dedups_by_ref`: a request it has already got under the same reference has no second effect, so that sending again
    is safe. `queryable_by_ref`: it says what became of a reference. `signed_webhooks`: what it sends by itself is
    proved to be its own, and believed. `min_units`: the currencies it takes, each with the smallest step in minor units
    (100 where only whole shillings move); None means all of them, by single minor units.
    """

    modes: frozenset[Mode]
    dedups_by_ref: bool = False
    queryable_by_ref: bool = False
    signed_webhooks: bool = False
    needs_phone: bool = False
    min_units: Mapping[str, int] | None = None


AnyRequest = TypeVar("AnyRequest", bound=Request)


class Provider(ABC, Generic[AnyRequest]):
    """An adapter. What it raises beside the errors named here counts as an unknown outcome."""

    name: str
    capabilities: Capabilities

    def prepare(self, effect_id: UUID) -> str:
        """Returns the reference the provider will know an effect by: 32 hexadecimal digits unless it wants others."""
        return effect_id.hex

    def check(self, amount: Money) -> None:
        """Raises Refused (`currency_not_supported`, `amount_not_representable`); nothing is ever rounded."""
        steps = self.capabilities.min_units
        if steps is None:
            return
        if amount.currency not in steps:
            raise Refused("currency_not_supported", _("The provider takes no payments in this currency."))
        if amount.amount_minor % steps[amount.currency]:
            raise Refused("amount_not_representable", _("The provider cannot move exactly this amount."))

    def account(self, organization: Organization) -> object:  # noqa: ARG002  who needs no account has one everywhere
        """Returns what the adapter needs to act for an organization, such as its opened secrets.

        It is read while the database may be used, before anything is sent. Raises Refused (`provider_not_configured`).
        """
        return None

    @abstractmethod
    def dispatch(self, request: AnyRequest, *, timeout: float) -> Answer:
        """Sends a request, once. `timeout` is in seconds."""

    @abstractmethod
    def query(self, request: AnyRequest, *, timeout: float) -> Answer:
        """Asks what became of a request. Called only where `queryable_by_ref`."""

    def parse_webhook(self, raw: bytes, headers: Mapping[str, str], *, account: object = None) -> list[Event]:  # noqa: ARG002
        """Reads what the provider sent by itself, byte for byte as it came. Raises BadWebhook."""
        raise BadWebhook("this provider sends nothing by itself")
