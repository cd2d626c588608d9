"""What the buttons and links of the matrix send, read strictly: anything else is not one of them."""

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

    @classmethod
    def from_post(cls, data: QueryDict) -> "CellChange":
        """Reads the button of a cell. Raises Http404."""
        state = ToolGrant.State.ON if "on" in data else ToolGrant.State.OFF
        found = _CELL.fullmatch(data.get(state.value, ""))
        if found is None:
            raise Http404
        return cls(UUID(found["grant"]), found["name"], state)

    @property
    def is_tool(self) -> bool:
        return ":" not in self.name

    @property
    def is_on(self) -> bool:
        return self.state == ToolGrant.State.ON


@dataclass(frozen=True)
class ExplainQuery:
    """The row of the matrix somebody wants explained; `tool` is its agent-facing name, empty for a permission."""

    number: str
    slug: str
    name: str
    tool: str

    @classmethod
    def from_query(cls, query: QueryDict) -> "ExplainQuery | None":
        """Reads which tool, by its agent-facing name, or which permission of a plugin; None when nothing is asked.

        Raises Http404 for a slug that no database could hold.
        """
        number, tool = query.get("number", ""), query.get("tool", "")
        slug, _separator, name = tool.partition("__")
        if not tool:
            slug, name = query.get("plugin", ""), query.get("permission", "")
        if not slug.isprintable():
            raise Http404
        return cls(number, slug.upper(), name, tool) if number and slug and name else None
