"""Answers as the OpenAPI document describes them."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel


class InstanceOut(BaseModel):
    id: str
    name: str
    permissions: list[str]


class InstallationOut(BaseModel):
    id: str
    organization: str
    instances: list[InstanceOut]


class InstallationsOut(BaseModel):
    installations: list[InstallationOut]


class MoneyOut(BaseModel):
    amountMinor: int  # noqa: N815
    currency: str


class PaymentOut(BaseModel):
    id: str
    state: Literal["pending", "unknown", "paid", "failed", "cancelled", "refunded", "partly_refunded"]
    amount: MoneyOut
    refunded: MoneyOut
    reference: str
    mode: str
    createdAt: str  # noqa: N815
    settledAt: str | None = None  # noqa: N815


class RefundOut(BaseModel):
    id: str
    payment: str
    state: Literal["pending", "unknown", "refunded", "failed"]
    amount: MoneyOut


class ItemOut(BaseModel):
    sku: str
    name: str
    quantity: int
    unitAmountMinor: int  # noqa: N815


class OrderOut(BaseModel):
    id: str
    state: Literal["placed", "confirmed", "fulfilled", "cancelled"]
    items: list[ItemOut]
    total: MoneyOut
    reference: str
    mode: str
    createdAt: str  # noqa: N815


class AfterSaleOut(BaseModel):
    id: str
    order: str
    kind: Literal["return", "exchange", "complaint"]
    state: Literal["open", "accepted", "declined", "closed"]


class EscalationOut(BaseModel):
    id: str
    state: Literal["waiting", "taken", "resolved"]
    priority: Literal["low", "normal", "high", "urgent"]
    queue: str


Result = TypeVar("Result")


class Answered(BaseModel, Generic[Result]):
    """The answer to a request that did something; `accepted` means that its end comes later."""

    id: str
    status: Literal["succeeded", "accepted"]
    result: Result
