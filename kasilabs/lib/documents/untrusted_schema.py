"""Rules for every JSON Schema that a stranger writes: how large it may be, and which patterns it may hold."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import patterns
from kasilabs.lib.documents.errors import ErrorList

MAX_BYTES = 64 * 1024


def size(schema: Mapping[str, Any]) -> int:
    """Returns the bytes of the schema as JSON without white space."""
    return len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode())


@dataclass
class PatternBudget:
    """What the patterns of one document may cost together: large ones take the engine up to a millisecond to read."""

    steps: int = 500_000

    def check(self, pattern: str, pointer: str, errors: ErrorList) -> None:
        """Adds an error unless the linear regular expression engine takes the pattern, and it is within the budget."""
        try:
            # Past the budget no pattern is read any more.
            self.steps -= patterns.steps(pattern) if self.steps >= 0 else 0
        except patterns.BadPattern:
            hint = _("Look-around, back-references and very large repeats are not supported.")
            errors.add(pointer, "bad_pattern", _("This pattern cannot be used."), hint)
        if self.steps < 0:
            hint = _("Use smaller repeats, or maxLength.")
            errors.add(pointer, "bad_pattern", _("The patterns up to here cost too much together."), hint)
