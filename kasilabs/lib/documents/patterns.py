"""Patterns that strangers write: what they may be, what they match, and what they cost.

The engine is linear in the text, yet not in the pattern: where many repeats overlap it follows all of them at each
byte. How large the program of a pattern is tells how many those can be, and the engine tells the size when it refuses.
"""

from functools import lru_cache

import jsonschema_rs

MAX_PROGRAM_BYTES = 262_144

OPTIONS = jsonschema_rs.RegexOptions(size_limit=MAX_PROGRAM_BYTES, dfa_size_limit=65_536)
"""Past its cache (2 MB by default, for each pattern of each schema) the engine falls back to slower matching."""

_STEPS = {1_024: 2, 4_096: 85, 16_384: 340, 65_536: 1_365, MAX_PROGRAM_BYTES: 5_460}
"""Steps (`schema_cost`) for 8 bytes of text by the size of the program. Measured: `1[01]{20}[2-9]`, one of the second
size, costs 123 ns a byte, with 200 in place of 20 693 ns, with 1,000 3,350 ns, with 3,000 10,000 ns."""


class BadPattern(ValueError):
    """The linear engine does not take this pattern."""


@lru_cache(maxsize=4096)
def steps(pattern: str) -> int:
    """Returns what it costs to look for a pattern in 8 bytes of text, in steps. Raises BadPattern."""
    for size, cost in _STEPS.items():
        try:
            _compile(pattern, jsonschema_rs.RegexOptions(size_limit=size))
        except (ValueError, jsonschema_rs.ValidationError):
            continue
        return cost
    raise BadPattern(pattern)


def is_match(pattern: str, text: str) -> bool:
    """Returns whether a pattern is found anywhere in the text."""
    return _matcher(pattern).is_valid(text)


@lru_cache(maxsize=512)
def _matcher(pattern: str) -> jsonschema_rs.Draft202012Validator:
    return _compile(pattern, OPTIONS)


def _compile(pattern: str, options: jsonschema_rs.RegexOptions) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"type": "string", "pattern": pattern}, pattern_options=options)
