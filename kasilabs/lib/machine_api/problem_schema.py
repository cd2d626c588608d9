"""Problems as the OpenAPI documents of the machine APIs describe them."""

from typing import Any

from pydantic import BaseModel


class Error(BaseModel):
    pointer: str
    code: str
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 has it. `id` is there where a call or a bridge call has one."""

    title: str
    status: int
    detail: str
    code: str
    id: str | None = None
    gate: str | None = None
    errors: list[Error] | None = None


def problems(*statuses: int) -> dict[int, Any]:
    """Returns the answers that a view may give besides its own; 500 and 503 are among those of every view."""
    return dict.fromkeys((*statuses, 500, 503), Problem)
