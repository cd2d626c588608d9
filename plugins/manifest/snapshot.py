"""Reading a stored manifest back as the numbers its digest was computed over."""

import json
from typing import Any

from kasilabs.lib.documents.strict_json import SAFE_INTEGER


class SnapshotDecoder(json.JSONDecoder):
    """PostgreSQL keeps 1e20 as a decimal and gives it back without the exponent.

    A manifest has no integer that large (docs/authors/manifest.md), so what looks like one was a float.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(parse_int=_parse_int, **options)


def _parse_int(digits: str) -> int | float:
    number = int(digits)
    return number if abs(number) <= SAFE_INTEGER else float(digits)
