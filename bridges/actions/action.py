"""What an action is: the permission it needs, what its body looks like, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol
from uuid import UUID

from pydantic import BeforeValidator, Field

from bridges.models import BridgeCall
from installations.models import Installation
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.request_bodies import Strict, full_match
from kasilabs.lib.states import Mode
from kasilabs.toolkits.scope import Origin, Scope
from kasilabs.whatsapp.models import Instance


class Target(Protocol):
    """An object in the address of a request: a payment, an order."""

    id: UUID
    instance_id: UUID
    customer_id: UUID
    alias: str

    def as_json(self) -> dict[str, Any]: ...


class Asked(Protocol):
    """What an action may know of a request: who asks, on which number, about which customer and object."""

    @property
    def sender(self) -> Installation: ...

    @property
    def instance(self) -> Instance | None: ...

    @property
    def customer_id(self) -> UUID | None: ...

    @property
    def target(self) -> Target | None: ...


def _id_alone(value: Any) -> Any:
    """Takes a number the way tool calls name it, as an object with its id alone, for that id."""
    return value["id"] if isinstance(value, dict) and value.keys() == {"id"} else value


InstanceId = Annotated[
    str, BeforeValidator(_id_alone), full_match(r"wa_[0-9a-z]{26}", "Write the id of a WhatsApp number as wa_….")
]


class CustomerIn(Strict):
    id: Annotated[str, full_match(r"cus_[0-9a-z]{32}", "Write the alias of a customer as cus_….")]


class ActionBody(Strict):
    """The members that say whom an action is about; a request with a chat token needs neither."""

    instance: Annotated[InstanceId | None, Field(description="The WhatsApp number, without a chat token.")] = None
    customer: Annotated[CustomerIn | None, Field(description="The customer, without a chat token.")] = None


def scope_of(installation: Installation) -> Scope:
    """Returns whose objects a plugin may address: those of its organization and mode, whoever made them."""
    return Scope(installation.organization, installation.plugin.slug, Mode(installation.mode))


def origin_of(call: BridgeCall) -> Origin:
    """Returns where the object of a call comes from. Raises TypeError for a call without a customer."""
    if call.customer is None:
        raise TypeError("the action needs a customer")
    scope = Scope(call.organization, call.plugin.slug, Mode(call.mode))
    return Origin(call.public_id, scope, call.instance, call.customer, call.alias)


def target_of(call: BridgeCall) -> UUID:
    """Returns the id of the object in the address of a call. Raises TypeError for a call without one."""
    if call.target_id is None:
        raise TypeError("the action needs an object")
    return call.target_id


@dataclass(frozen=True)
class Outcome:
    """What an action came to: the object as GET returns it, and whether its end is still to come."""

    result: dict[str, Any]
    is_pending: bool = False


@dataclass(frozen=True, kw_only=True)
class Action:
    """One bridge. `permission` is empty where a plugin asks about itself.

    `find` looks the object of an address up for a plugin in its organization and mode. `counted_as` is the family of a
    chat token's use caps.
    """

    name: str
    permission: str = ""
    find: Callable[[Installation, str], Target | None] | None = None
    counted_as: str = ""
    needs_customer: bool = False


@dataclass(frozen=True, kw_only=True)
class Command(Action):
    """An action that does something, once for each idempotency key.

    `perform` carries out a claimed call and raises Refused for a no that stays no. It runs in the transaction that ends
    the call, or for `is_external` in none, because it talks to somebody else's server. Either way it may run again for
    the same call, and then does nothing a second time. `violations` says what else is wrong with a body that has the
    right form, before the key is claimed.
    """

    body: type[ActionBody]
    violations: Callable[[Asked, Any], list[SchemaViolation]] | None = None
    perform: Callable[[BridgeCall, Any], Outcome]
    is_external: bool = False
    moves_money: bool = False
