"""What a reader asks the log for. All of it is in the URL, and a link to a page fits only its own filters."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _

from kasilabs.lib import ids


class Range(models.TextChoices):
    """Times counted back from now."""

    HOUR = "hour", _("Last hour")
    DAY = "day", _("24 hours")
    WEEK = "week", _("7 days")
    ALL = "", _("All")


LENGTHS = {Range.HOUR: timedelta(hours=1), Range.DAY: timedelta(days=1), Range.WEEK: timedelta(days=7)}


@dataclass(frozen=True)
class Filters:
    """What the calls shown have in common; an empty value does not filter."""

    kind: str = ""
    status: str = ""
    reason: str = ""
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
        """Returns the parameters of the URL; equal filters always have the same."""
        texts = {
            **{
                name: str(getattr(self, name))
                for name in ("kind", "status", "reason", "plugin", "tool", "gate", "mode", "range")
            },
            "number": ids.encode(ids.Prefix.INSTANCE, self.number) if self.number else "",
            "since": _utc(self.since),
            "until": _utc(self.until),
        }
        return {name: text for name, text in texts.items() if text}

    def query(self, **more: str) -> str:
        """Returns the query string with its question mark, or nothing."""
        text = urlencode(self.params | more, safe=":")
        return f"?{text}" if text else ""

    def change(self, **values: Any) -> "Filters":
        """Returns these filters with other values.

        Another plugin drops the tool, another outcome the reason, another range the typed times.
        """
        changed = replace(self, **values)
        if "plugin" in values and "tool" not in values:
            changed = replace(changed, tool="")
        if "status" in values and "reason" not in values:
            changed = replace(changed, reason="")
        return replace(changed, since=None, until=None) if "range" in values else changed

    def start(self, now: datetime) -> datetime | None:
        """Returns the moment from which calls are asked for."""
        length = LENGTHS.get(Range(self.range))
        return self.since or (now - length if length else None)

    def is_range(self, choice: Range) -> bool:
        """Says whether the calls are asked for by this range and not by typed times."""
        return self.range == choice.value and not (self.since or self.until)


def _utc(moment: datetime | None) -> str:
    """Writes a moment in UTC as RFC 3339, without seconds that are zero: it stands in every link of the page."""
    text = moment.astimezone(UTC).isoformat().removesuffix("+00:00").removesuffix(":00") if moment else ""
    return text and f"{text}Z"
