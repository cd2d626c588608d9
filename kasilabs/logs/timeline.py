"""Where the time of one call went, as bars of a waterfall."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PHASES: tuple[tuple[str, str | Promise], ...] = (
    ("gates_ms", _("Key and gates")),
    ("lookup_ms", _("Look up")),
    ("connect_ms", _("Connect")),
    ("wait_ms", _("Plugin works")),
    ("read_ms", _("Read the answer")),
    ("check_ms", _("Check and record")),
)
THINNEST = 0.6
"""Per cent of the width below which a bar would not be seen."""


@dataclass(frozen=True)
class Phase:
    """One bar; `start` and `width` are SVG lengths in per cent of the whole."""

    label: str | Promise
    milliseconds: float
    start: str
    width: str


def phases(timings: Mapping[str, Any]) -> list[Phase]:
    """Returns the phases that were measured, in order. Times are milliseconds."""
    measured = [
        (_("Connect, reused") if key == "connect_ms" and not timings[key] else label, float(timings[key]))
        for key, label in PHASES
        if isinstance(timings.get(key), int | float)
    ]
    total = sum(spent for _label, spent in measured) or 1.0
    found, end = [], 0.0
    for label, spent in measured:
        end += spent
        width = max(THINNEST, 100 * spent / total) if spent else 0.0
        start = min(100 * (end - spent) / total, 100 - width)
        found.append(Phase(label, spent, start=f"{start:.2f}%", width=f"{width:.2f}%"))
    return found
