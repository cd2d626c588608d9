"""What the buttons of the matrix send, read strictly: anything else is not one of them."""

import re
from dataclasses import dataclass
from uuid import UUID

from django.http import Http404, QueryDict

from grants.models import ToolGrant

_CELL = re.compile(r"(?P<grant>[0-9a-f]{32}):(?P<name>[a-z0-9:_-]{1,200})")


@dataclass(frozen=True)
class CellChange:
    """One cell to turn on or off; the name of a permission holds a colon, that of a tool does not."""

    grant: UUID
    name: str
    state: ToolGrant.State

    @property
    def is_tool(self) -> bool:
        return ":" not in self.name

    @property
    def is_on(self) -> bool:
        return self.state == ToolGrant.State.ON


def cell_change(data: QueryDict) -> CellChange:
    """Read the button of a cell. Raises Http404."""
    state = ToolGrant.State.ON if "on" in data else ToolGrant.State.OFF
    found = _CELL.fullmatch(data.get(state.value, ""))
    if found is None:
        raise Http404
    return CellChange(UUID(found["grant"]), found["name"], state)


@dataclass(frozen=True)
class Asked:
    """The row of the matrix somebody wants explained; `tool` is its agent-facing name, empty for a permission."""

    number: str
    slug: str
    name: str
    tool: str


def asked(query: QueryDict) -> Asked | None:
    """Read what the explain page is asked: a tool by its agent-facing name, or a permission of a plugin.

    Raises Http404 for a slug that no database could hold.
    """
    number, tool = query.get("number", ""), query.get("tool", "")
    slug, _separator, name = tool.partition("__")
    if not tool:
        slug, name = query.get("plugin", ""), query.get("permission", "")
    if not slug.isprintable():
        raise Http404
    return Asked(number, slug.upper(), name, tool) if number and slug and name else None
