"""The filter of the matrix as it stands in the URL."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.http import QueryDict

from installations.models import Installation
from kasilabs.whatsapp.models import Instance


@dataclass(frozen=True)
class MatrixFilter:
    """`open_groups` are the public ids of the installations whose rows are shown; None leaves that to the page."""

    text: str = ""
    plugin: str = ""
    number: str = ""
    open_groups: frozenset[str] | None = None

    @classmethod
    def from_query(cls, query: QueryDict) -> "MatrixFilter":
        """Reads a query string; what is not known in it is left out."""
        open_groups = frozenset(query.get("open", "").split(",")) if "open" in query else None
        text = query.get("q", "").replace("\x00", "").strip()[:100]
        return cls(text, query.get("plugin", ""), query.get("number", ""), open_groups)

    @property
    def query_string(self) -> str:
        """The filter as `from_query` reads it; empty when nothing is set."""
        query = QueryDict(mutable=True)
        for name, value in (("q", self.text), ("plugin", self.plugin), ("number", self.number)):
            if value:
                query[name] = value
        if self.open_groups is not None:
            query["open"] = ",".join(sorted(self.open_groups))
        return query.urlencode(safe=",")

    def with_open_groups(self, open_groups: Iterable[str]) -> "MatrixFilter":
        return replace(self, open_groups=frozenset(open_groups))

    def matches_number(self, instance: Instance) -> bool:
        return not self.number or instance.public_id == self.number

    def matches_plugin(self, installation: Installation) -> bool:
        return not self.plugin or installation.plugin.slug == self.plugin

    def matches_row(self, installation: Installation, name: str, label: str) -> bool:
        """Says whether every word of the text is in the row's name or label, or the plugin's name or slug."""
        searched = f"{name} {label} {installation.version.name} {installation.plugin.slug}".casefold()
        return all(word in searched for word in self.text.casefold().split())
