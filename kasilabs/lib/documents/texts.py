"""All that a JSON document says, as texts: what is looked for in a document is looked for in each of them."""

import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Yields every key, string and number as text, with its path. The depth is bounded by the parser."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, member in value.items():
            inner = (*path, key)
            yield inner, key
            yield from texts(member, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*path, index))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, json.dumps(value)
        if isinstance(value, float) and value.is_integer():
            # In full too: JSON writes a large whole number with an exponent.
            yield path, str(int(value))
