"""Orders and what customers want after the sale. The ECOMMERCE toolkit owns both."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from bridges.actions.action import Action, ActionBody, Asked, Command, Outcome, origin_of, scope_of, target_of
from bridges.actions.payments import Currency, MinorUnits, Reference
from bridges.models import BridgeCall
from installations.models import Installation
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.money import LARGEST
from kasilabs.lib.request_bodies import PRINTABLE, TEXT, Strict, check_text, fault
from kasilabs.toolkits.orders import after_sale, changes
from kasilabs.toolkits.orders.after_sale import ReturnedItem
from kasilabs.toolkits.orders.changes import MOST_ITEMS, MOST_OF_ONE, Item
from kasilabs.toolkits.orders.models import AfterSaleKind, Order

Sku = Annotated[str, StringConstraints(min_length=1, max_length=64), PRINTABLE]
Quantity = Annotated[int, Field(ge=1, le=MOST_OF_ONE)]


def _check_texts(value: Any) -> Any:
    """Takes any JSON whose texts and names can be stored."""
    match value:
        case str():
            check_text(value)
        case list():
            for item in value:
                _check_texts(item)
        case dict():
            for name, item in value.items():
                check_text(name)
                _check_texts(item)
    return value


class ItemIn(Strict):
    sku: Sku
    name: Annotated[str, StringConstraints(min_length=1, max_length=200), TEXT]
    quantity: Quantity
    unitAmountMinor: MinorUnits  # noqa: N815


class OrderIn(ActionBody):
    items: Annotated[list[ItemIn], Field(min_length=1, max_length=MOST_ITEMS)]
    currency: Currency
    delivery: Annotated[dict[str, Any], AfterValidator(_check_texts)] | None = None
    reference: Reference

    @model_validator(mode="after")
    def _adds_up(self) -> "OrderIn":
        if sum(item.quantity * item.unitAmountMinor for item in self.items) > LARGEST:
            raise fault("maximum", "The total of this order is too large.")
        return self


class ReturnedItemIn(Strict):
    sku: Sku
    quantity: Quantity


class AfterSaleIn(ActionBody):
    kind: Literal["return", "exchange", "complaint"]
    items: Annotated[list[ReturnedItemIn], Field(min_length=1, max_length=MOST_ITEMS)] | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500), TEXT]

    @property
    def returned(self) -> list[ReturnedItem] | None:
        return [ReturnedItem(item.sku, item.quantity) for item in self.items] if self.items else None


def find_order(installation: Installation, public_id: str) -> Order | None:
    """Returns an order that the plugin has placed, whatever installation of it was there then."""
    orders = Order.objects.in_scope(scope_of(installation))
    order: Order | None = orders.filter(id=Order.decode_id(public_id)).first()
    return order


def _create(call: BridgeCall, body: OrderIn) -> Outcome:
    items = [Item(item.sku, item.name, item.quantity, item.unitAmountMinor) for item in body.items]
    order = changes.place(
        origin_of(call), items=items, currency=body.currency, delivery=body.delivery, reference=body.reference
    )
    return Outcome(order.as_json())


def _after_sale_violations(asked: Asked, body: AfterSaleIn) -> list[SchemaViolation]:
    """Says which of the items were not ordered."""
    if not isinstance(asked.target, Order):
        raise TypeError("the action needs an order")
    return after_sale.not_ordered(asked.target, body.returned or [])


def _request_after_sale(call: BridgeCall, body: AfterSaleIn) -> Outcome:
    request = after_sale.request_after_sale(
        Order.objects.get(id=target_of(call)),
        kind=AfterSaleKind(body.kind),
        items=body.returned,
        reason=body.reason,
        origin=call.public_id,
    )
    return Outcome(request.as_json())


CREATE = Command(
    name="commerce:create_order",
    permission="bridge:commerce:create_order",
    body=OrderIn,
    perform=_create,
    needs_customer=True,
)
READ = Action(name="commerce:read_order", permission="bridge:commerce:read_order", find=find_order, counted_as="reads")
REQUEST_AFTER_SALE = Command(
    name="commerce:create_after_sale",
    permission="bridge:commerce:create_after_sale",
    find=find_order,
    body=AfterSaleIn,
    violations=_after_sale_violations,
    perform=_request_after_sale,
)
