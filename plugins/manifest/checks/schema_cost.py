"""How often a schema makes the validator look at one place of a value, at worst.

References multiply: twenty definitions that each name the next one twice are a few hundred bytes and a million looks.
The weight is the sum over everything that applies to one place and, for its members, to the heaviest of them; it
bounds the work for each member of a value.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import subschemas
from kasilabs.lib.documents.strict_json import MAX_DEPTH as MAX_VALUE_DEPTH

MAX_WEIGHT = 10_000
MAX_CHAIN = 10
"""References followed without going down into the value."""

_UNEVALUATED_FACTOR = 4
"""Measured: every nested `unevaluatedProperties` made the validator 2.6 times slower."""

Resolve = Callable[[Mapping[str, Any], str], Any]


class Heavy(Exception):
    """The schema loops, or costs more than any tool needs."""


def weigh(rules: Mapping[str, Any], resolve: Resolve) -> int:
    """The weight of `rules`, whose references all resolve; raises Heavy past MAX_WEIGHT or for an endless loop."""
    targets = {part["$ref"] for _path, part in subschemas.walk(rules) if "$ref" in part}
    scale = _Scale({target: resolve(rules, target) for target in targets})
    for _level in range(MAX_VALUE_DEPTH if targets else 0):
        if not scale.go_up():
            break
    return scale.weight(rules)


class _Scale:
    """Weighs level by level from the bottom of the deepest value: what is below a place has been weighed before."""

    def __init__(self, targets: Mapping[str, Any]) -> None:
        self._targets = targets
        self._below = dict.fromkeys(targets, 0)
        self._here: dict[str, int] = {}
        self._chain: list[str] = []

    def go_up(self) -> bool:
        """Weigh every target one level higher; say whether any weight changed."""
        self._here = {}
        weights = {target: self._target(target) for target in self._targets}
        has_changed = weights != self._below
        self._below = weights
        return has_changed

    def weight(self, rules: Any, *, is_below: bool = False) -> int:
        if not isinstance(rules, dict):
            return 1
        total = 1 + self._reference(rules, is_below=is_below) + self._parts(rules, is_below=is_below)
        if "unevaluatedProperties" in rules or "unevaluatedItems" in rules:
            total *= _UNEVALUATED_FACTOR
        if total > MAX_WEIGHT:
            raise Heavy(_("This schema is too costly to check: its references and combinations multiply."))
        return total

    def _parts(self, rules: dict[str, Any], *, is_below: bool) -> int:
        total = 0
        heaviest = {"properties": 0, "prefixItems": 0}
        for part in subschemas.children(rules):
            if part.keyword in subschemas.DEFINITIONS:
                continue
            weight = self.weight(part.schema, is_below=is_below or part.keyword in subschemas.BELOW)
            if part.keyword in heaviest:
                heaviest[part.keyword] = max(heaviest[part.keyword], weight)
            else:
                total += weight
        return total + sum(heaviest.values())

    def _reference(self, rules: dict[str, Any], *, is_below: bool) -> int:
        target = rules.get("$ref")
        if target is None:
            return 0
        return self._below[target] if is_below else self._target(target)

    def _target(self, target: str) -> int:
        if target not in self._here:
            if target in self._chain:
                raise Heavy(_("A reference in this schema leads back to itself."))
            if len(self._chain) >= MAX_CHAIN:
                raise Heavy(_("This schema follows too many references in a row."))
            self._chain.append(target)
            self._here[target] = self.weight(self._targets[target])
            self._chain.pop()
        return self._here[target]
