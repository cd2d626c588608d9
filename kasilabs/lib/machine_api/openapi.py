"""The OpenAPI documents of the machine APIs, where they have to say more than ninja knows."""

from collections.abc import Iterator
from typing import Any

from ninja import NinjaAPI
from pydantic import BaseModel

from kasilabs.lib.machine_api.problems import CONTENT_TYPE

_NULL = {"type": "null"}


class Error(BaseModel):
    pointer: str
    code: str
    message: str


class Problem(BaseModel):
    """An error as RFC 9457 has it. What is optional is there where it says something."""

    title: str
    status: int
    detail: str
    code: str
    id: str | None = None
    gate: str | None = None
    reason: str | None = None
    errors: list[Error] | None = None
    masked: list[str] | None = None
    explainUrl: str | None = None  # noqa: N815
    pluginCode: str | None = None  # noqa: N815
    pluginMessage: str | None = None  # noqa: N815


def problems(*statuses: int) -> dict[int, Any]:
    """Returns the answers that a view may give besides its own; 500 and 503 are among those of every view."""
    return dict.fromkeys((*statuses, 500, 503), Problem)


def header(name: str, description: str, *, required: bool = False, pattern: str = "") -> dict[str, Any]:
    """Returns the parameter of an operation that is read from a header."""
    schema = {"type": "string", **({"pattern": f"^(?:{pattern})$"} if pattern else {})}
    return {"in": "header", "name": name, "required": required, "description": description, "schema": schema}


def describe(api: NinjaAPI, *, prefix: str) -> dict[str, Any]:
    """Returns the document of an API below a path.

    Errors are problem+json, each operation has an id of its own, and an optional member is left out, never null.
    """
    document: dict[str, Any] = api.get_openapi_schema(path_prefix=prefix)
    for operations in document["paths"].values():
        if "head" in operations:
            # ninja describes the methods of one view by one object.
            operations["head"] = {**operations["head"], "operationId": operations["head"]["operationId"] + "_head"}
        for operation in operations.values():
            for status, answer in operation["responses"].items():
                if int(status) >= 400 and "application/json" in answer.get("content", {}):
                    answer["content"] = {CONTENT_TYPE: answer["content"]["application/json"]}
    for schema in list(_schemas(document["components"]["schemas"])):
        if _NULL in schema.get("anyOf", []):
            others = [other for other in schema.pop("anyOf") if other != _NULL]
            schema.update(others[0] if len(others) == 1 else {"anyOf": others})
    return document


def _schemas(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _schemas(child)
