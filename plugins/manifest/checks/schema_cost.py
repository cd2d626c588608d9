"""How often a schema makes the validator look at one place of a value, at worst.

References multiply: twenty definitions that each name the next one twice are a few hundred bytes and a million looks.
The cost of a schema is the sum over everything that applies to one place and, for its members, to the most costly of
them; it bounds the work for each member of a value.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import subschemas
from kasilabs.lib.documents.resolved_schema import ResolvedSchema
from kasilabs.lib.documents.strict_json import MAX_DEPTH as MAX_VALUE_DEPTH

MAX_COST = 10_000
MAX_CHAIN = 10
"""References followed without going down into the value."""

_UNEVALUATED_FACTOR = 4
"""Measured: every nested `unevaluatedProperties` made the validator 2.6 times slower."""


class TooCostly(Exception):
    """The schema loops, or costs more than any tool needs."""


def measure(schema: ResolvedSchema) -> int:
    """Returns the cost of a schema. Raises TooCostly past MAX_COST or for a loop."""
    costs = _Costs(schema.targets)
    for _level in range(MAX_VALUE_DEPTH if schema.targets else 0):
        if not costs.go_up():
            break
    return costs.measure(schema.root)


class _Costs:
    """The costs of the targets of references, measured from the deepest level of a value upwards.

    So what a reference costs one level further down is always known already.
    """

    def __init__(self, targets: Mapping[str, Any]) -> None:
        self._targets = targets
        self._below = dict.fromkeys(targets, 0)
        self._here: dict[str, int] = {}
        self._chain: list[str] = []

    def go_up(self) -> bool:
        """Measures every target one level higher; returns whether any cost changed."""
        self._here = {}
        costs = {target: self._measure_target(target) for target in self._targets}
        has_changed = costs != self._below
        self._below = costs
        return has_changed

    def measure(self, schema: Any, *, is_below: bool = False) -> int:
        """Returns the cost of a schema; `is_below` where it applies to members of the value, not to the value."""
        if not isinstance(schema, dict):
            return 1
        total = 1
        target = schema.get("$ref")
        if target is not None:
            total += self._below[target] if is_below else self._measure_target(target)
        # Of the members of a value, only the most costly one counts.
        largest = {"properties": 0, "prefixItems": 0}
        for child in subschemas.children(schema):
            if child.keyword in subschemas.DEFINITIONS:
                continue
            cost = self.measure(child.schema, is_below=is_below or child.keyword in subschemas.BELOW)
            if child.keyword in largest:
                largest[child.keyword] = max(largest[child.keyword], cost)
            else:
                total += cost
        total += sum(largest.values())
        if "unevaluatedProperties" in schema or "unevaluatedItems" in schema:
            total *= _UNEVALUATED_FACTOR
        if total > MAX_COST:
            raise TooCostly(_("This schema is too costly to check: its references and combinations multiply."))
        return total

    def _measure_target(self, target: str) -> int:
        if target not in self._here:
            if target in self._chain:
                raise TooCostly(_("A reference in this schema leads back to itself."))
            if len(self._chain) >= MAX_CHAIN:
                raise TooCostly(_("This schema follows too many references in a row."))
            self._chain.append(target)
            self._here[target] = self.measure(self._targets[target])
            self._chain.pop()
        return self._here[target]
