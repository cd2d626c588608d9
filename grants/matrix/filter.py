"""The filter of the matrix as it stands in the URL."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from django.http import QueryDict

from installations.models import Installation
from kasilabs.whatsapp.models import Instance


@dataclass(frozen=True)
class Filter:
    """`opened` names the plugins that are unfolded; None leaves that to the page."""

    text: str = ""
    plugin: str = ""
    number: str = ""
    opened: frozenset[str] | None = None

    @classmethod
    def of(cls, query: QueryDict) -> "Filter":
        """Read a query string; what is not known in it is left out."""
        opened = frozenset(query.get("open", "").split(",")) if "open" in query else None
        text = query.get("q", "").replace("\x00", "").strip()[:100]
        return cls(text, query.get("plugin", ""), query.get("number", ""), opened)

    @property
    def is_set(self) -> bool:
        return bool(self.text or self.plugin or self.number)

    @property
    def query(self) -> str:
        """Write the filter as a query string; nothing set is an empty one."""
        found = QueryDict(mutable=True)
        found.update({name: value for name, value in self._named() if value})
        if self.opened is not None:
            found["open"] = ",".join(sorted(self.opened))
        return found.urlencode(safe=",")

    def _named(self) -> Iterable[tuple[str, str]]:
        return (("q", self.text), ("plugin", self.plugin), ("number", self.number))

    def opening(self, opened: Iterable[str]) -> "Filter":
        return replace(self, opened=frozenset(opened))

    def takes_number(self, instance: Instance) -> bool:
        return not self.number or instance.public_id == self.number

    def takes_plugin(self, installation: Installation) -> bool:
        return not self.plugin or installation.plugin.slug == self.plugin

    def takes_line(self, installation: Installation, name: str, label: str) -> bool:
        """Every word of the text stands somewhere in the row, its label, or the plugin's name and slug."""
        words = self.text.casefold().split()
        said = f"{name} {label} {installation.version.name} {installation.plugin.slug}".casefold()
        return all(word in said for word in words)
