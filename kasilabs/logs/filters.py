"""What a reader asked the log for: all of it is in the URL, and a page link fits only the filter it was made under."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from kasilabs.lib import ids
from kasilabs.logs.models import CallState


class Range(models.TextChoices):
    """Times counted back from now."""

    HOUR = "hour", _("Last hour")
    DAY = "day", _("24 hours")
    WEEK = "week", _("7 days")
    ALL = "", _("All")


OWN = ("status", "plugin", "tool", "number", "gate", "mode")
"""What a call has itself. That it is running is not among it: by the time its page opens, it may be over."""
SPANS = {Range.HOUR: timedelta(hours=1), Range.DAY: timedelta(days=1), Range.WEEK: timedelta(days=7)}


@dataclass(frozen=True)
class Filters:
    """What the rows shown have in common; an empty value asks for nothing."""

    status: str = ""
    plugin: str = ""
    tool: str = ""
    number: UUID | None = None
    gate: str = ""
    mode: str = ""
    range: str = Range.ALL
    since: datetime | None = None
    until: datetime | None = None

    @property
    def params(self) -> dict[str, str]:
        """Return what the URL says; equal filters always say the same."""
        texts = {
            **{name: str(getattr(self, name)) for name in ("status", "plugin", "tool", "gate", "mode", "range")},
            "number": ids.encode(ids.Prefix.INSTANCE, self.number) if self.number else "",
            "since": _moment(self.since),
            "until": _moment(self.until),
        }
        return {name: text for name, text in texts.items() if text}

    def query(self, **more: str) -> str:
        """Return the query string with its question mark, or nothing."""
        text = urlencode(self.params | more, safe=":")
        return f"?{text}" if text else ""

    def row_query(self, **more: str) -> str:
        """Return the query of a link to one of the rows: of what a row has itself, `same` holds the first letters."""
        own = [name for name in OWN if name in self.params and self.params[name] != CallState.OPEN]
        rest = {name: text for name, text in self.params.items() if name not in own}
        text = urlencode(({"same": "".join(name[0] for name in own)} if own else {}) | rest | more, safe=":")
        return f"?{text}" if text else ""

    def change(self, **values: Any) -> "Filters":
        """Return these filters with other values; a tool goes with its plugin, and typed times with a range."""
        changed = replace(self, **values)
        if "plugin" in values and "tool" not in values:
            changed = replace(changed, tool="")
        return replace(changed, since=None, until=None) if "range" in values else changed

    def start(self, now: datetime) -> datetime | None:
        """Return the moment from which rows are asked for."""
        span = SPANS.get(Range(self.range))
        return self.since or (now - span if span else None)


def _moment(moment: datetime | None) -> str:
    """Write a moment for the URL, as short as is exact: it stands in every link of the page."""
    text = moment.astimezone(UTC).isoformat().removesuffix("+00:00").removesuffix(":00") if moment else ""
    return text and f"{text}Z"
