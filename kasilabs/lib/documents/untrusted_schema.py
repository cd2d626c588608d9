"""Rules for every JSON Schema that a stranger writes: how large it may be, and which patterns it may hold."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import patterns
from kasilabs.lib.documents.errors import ErrorList

MAX_BYTES = 64 * 1024


def size(schema: Mapping[str, Any]) -> int:
    """Returns the bytes of the schema as JSON without white space."""
    return len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode())


def check_pattern(pattern: str, pointer: str, errors: ErrorList) -> None:
    """Adds an error unless the linear regular expression engine takes the pattern."""
    try:
        patterns.steps(pattern)
    except patterns.BadPattern:
        hint = _("Look-around, back-references and very large repeats are not supported.")
        errors.add(pointer, "bad_pattern", _("This pattern cannot be used."), hint)
