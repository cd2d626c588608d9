"""Patterns that strangers write: what they may be, what they match, and what they cost.

The engine is linear in the text, yet not in the pattern: where many repeats overlap it follows all of them at each
byte. How large the program of a pattern is tells how many those can be, and the engine tells the size when it refuses.
"""

import re
from functools import lru_cache

import jsonschema_rs

MAX_PROGRAM_BYTES = 262_144

OPTIONS = jsonschema_rs.RegexOptions(size_limit=MAX_PROGRAM_BYTES, dfa_size_limit=65_536)
"""Past its cache (2 MB by default, for each pattern of each schema) the engine falls back to slower matching."""

_STEPS = {1_024: 2, 4_096: 85, 16_384: 340, 65_536: 1_365, MAX_PROGRAM_BYTES: 5_460}
"""Steps (`schema_cost`) for 8 bytes of text by the size of the program. Measured: `1[01]{20}[2-9]`, one of the second
size, costs 123 ns a byte, with 200 in place of 20 693 ns, with 1,000 3,350 ns, with 3,000 10,000 ns."""

_LEAST_OF_REPEATS = _STEPS[4_096]
"""What a pattern costs at least that is not of the first size."""

_CLASS = re.compile(r"\\[pP](?:\{[^}]*\}|.)|\\[dDwWsS]|\[(?:\\.|[^\]\\])*\]|\.|(\\.)")
"""What stands for one character of several; the group is an escaped character, which stands for itself."""

_HAS_COMMENTS = re.compile(r"\(\?[a-zA-Z-]*x")


class BadPattern(ValueError):
    """The linear engine does not take this pattern."""


@lru_cache(maxsize=4096)
def steps(pattern: str) -> int:
    """Returns what it costs to look for a pattern in 8 bytes of text, in steps. Raises BadPattern."""
    size = _program_size(pattern)
    if size is None:
        raise BadPattern(pattern)
    cost = _STEPS[size]
    if size > min(_STEPS) and not _HAS_COMMENTS.search(pattern):
        # Most of a large program are the bytes of characters in UTF-8, of which the engine follows few at a time.
        characters = _program_size(_CLASS.sub(lambda match: match[1] or "a", pattern)) or size
        cost = min(cost, max(2 * _STEPS[characters], cost // 16, _LEAST_OF_REPEATS))
    return cost


def is_match(pattern: str, text: str) -> bool:
    """Returns whether a pattern is found anywhere in the text."""
    return _matcher(pattern).is_valid(text)


def _program_size(pattern: str) -> int | None:
    """Returns the first of the sizes in _STEPS that the program of a pattern fits in; None where it fits in none."""
    for size in _STEPS:
        try:
            _compile(pattern, jsonschema_rs.RegexOptions(size_limit=size))
        except (ValueError, jsonschema_rs.ValidationError):
            continue
        return size
    return None


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> jsonschema_rs.Draft202012Validator:
    return _compile(pattern, OPTIONS)


def _compile(pattern: str, options: jsonschema_rs.RegexOptions) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"type": "string", "pattern": pattern}, pattern_options=options)
