"""What holds for every JSON Schema that a stranger writes."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_schema
from kasilabs.lib.documents.errors import ErrorList

MAX_BYTES = 64 * 1024


def size(rules: Mapping[str, Any]) -> int:
    """Bytes of the document without white space."""
    return len(json.dumps(rules, ensure_ascii=False, separators=(",", ":")).encode())


def check_pattern(pattern: str, pointer: str, errors: ErrorList) -> None:
    """Add a fault unless the linear engine takes the pattern."""
    try:
        json_schema.Validator({"pattern": pattern})
    except json_schema.BadSchema:
        hint = _("Look-around, back-references and very large repeats are not supported.")
        errors.add(pointer, "bad_pattern", _("This pattern cannot be used."), hint)
