"""What the check of a value may cost: steps of schema and value, counted before the validator runs.

One stranger writes the schema, another one the value, and the validator holds the interpreter while it works. So work
is bounded by the product. A step is about 20 ns. References multiply: twenty definitions that each name the next one
twice are a few hundred bytes and a million looks at one place.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from kasilabs.lib.documents import patterns, subschemas
from kasilabs.lib.documents.resolved_schema import ResolvedSchema
from kasilabs.lib.documents.strict_json import MAX_DEPTH as MAX_VALUE_DEPTH

MAX_STEPS = 3_000_000
MAX_FAULTS = 5_000
"""Faults times places up to which all are built: each costs 10 to 20 µs, 1.5 KB and a copy of what it is about."""

LEAST_PLACES = 1_000
"""So many places every schema has to be able to check."""

MAX_CHAIN = 10
"""References followed without going down into the value."""

_UNEVALUATED_FACTOR = 4
"""Measured: every nested `unevaluatedProperties` made the validator 2.6 times slower."""

_PYTHON_CALL = 50
_COMPARISON = 25
_EXACT_ARITHMETIC = 130
_PATTERN_START = 5
_UNIQUE = 10
ONE_FAULT = ("anyOf", "oneOf", "not", "if")
"""What these keywords hold makes no faults of its own (`json_schema`)."""

INTEGER_FORMATS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
"""The formats of OpenAPI that bound a number."""

_IN_PLACE = (*subschemas.IN_PLACE_LISTS, *subschemas.IN_PLACE, *subschemas.IN_PLACE_MAPS)
_FORMAT_STEPS = {"idn-hostname": 8}
"""Steps for 8 bytes of text. The others take at most 1.5 ns a byte."""

_LARGE_NUMBER = 1e17
_LARGE_NUMBER_PLACES = 13
_TEXT_OF_A_FAULT = 256
"""Bytes of text that are copied in the time of a place."""


class TooCostly(Exception):
    """The schema loops, or costs more than any tool needs; the message says which."""


class Weight(NamedTuple):
    """What one place of a value costs at worst: steps, steps for 8 bytes of its text, and faults that are built."""

    steps: int = 0
    text: int = 0
    faults: int = 0

    def steps_for(self, size: "Size") -> int:
        return self.steps * size.places + self.text * (size.text // 8)

    def faults_for(self, size: "Size") -> int:
        return self.faults * (size.places + size.text // _TEXT_OF_A_FAULT)


class Size(NamedTuple):
    """How large a value is: its places (every value in it, itself included), and the bytes of its texts and names."""

    places: int
    text: int


def size(value: Any) -> Size:
    """Returns the size of a JSON value."""
    places, more, text = [value], 0, 0
    # The list grows while it is read.
    for place in places:
        kind = type(place)
        if kind is str:
            text += len(place) if place.isascii() else len(place.encode(errors="surrogatepass"))
        elif kind is dict:
            text += len("".join(place).encode(errors="surrogatepass"))
            places += place.values()
        elif kind is list:
            places += place
        elif (kind is int or kind is float) and place and not 1 / _LARGE_NUMBER < abs(place) < _LARGE_NUMBER:
            more += _LARGE_NUMBER_PLACES - 1
    return Size(len(places) + more, text)


def measure(schema: ResolvedSchema) -> Weight:
    """Returns what one place costs at worst. Raises TooCostly for a loop, and where LEAST_PLACES could not be checked.

    Patterns have to be some that `patterns.steps` takes.
    """
    weights = _Weights(schema.targets)
    for _level in range(MAX_VALUE_DEPTH if schema.targets else 0):
        if not weights.go_up():
            break
    return _largest(weights.measure(schema.root))


def _sum(weights: Iterable[Weight]) -> Weight:
    return Weight(*map(sum, zip(Weight(), *weights, strict=True)))


def _largest(weights: Iterable[Weight]) -> Weight:
    """Returns the largest of each figure, which need not be those of one weight."""
    return Weight(*map(max, zip(Weight(), *weights, strict=True)))


class _Pair(NamedTuple):
    """What a schema costs at the place it applies to, and at the most costly place below it."""

    here: Weight = Weight()
    below: Weight = Weight()


class _Weights:
    """The weights of the targets of references, measured from the deepest level of a value upwards.

    So what a reference costs one level further down is always known already.
    """

    def __init__(self, targets: Mapping[str, Any]) -> None:
        self._targets = targets
        self._deeper = dict.fromkeys(targets, _Pair())
        self._here: dict[str, _Pair] = {}
        self._chain: list[str] = []
        self._known: dict[int, Weight] = {}

    def go_up(self) -> bool:
        """Measures every target one level higher; returns whether any weight changed."""
        self._here = {}
        weights = {target: self._measure_target(target) for target in self._targets}
        has_changed = weights != self._deeper
        self._deeper = weights
        return has_changed

    def measure(self, schema: Any, *, is_below: bool = False) -> _Pair:
        """Returns what a schema costs; `is_below` where it applies to members of the value, not to the value."""
        if not isinstance(schema, Mapping):
            return _Pair(Weight(steps=1, faults=1))
        pairs = [_Pair(self._own(schema), self._members(schema))]
        if "$ref" in schema:
            pairs.append(self._deeper[schema["$ref"]] if is_below else self._measure_target(schema["$ref"]))
        for child in subschemas.children(schema):
            if child.keyword in _IN_PLACE:
                pair = self.measure(child.schema, is_below=is_below)
                pairs.append(_without_faults(pair) if child.keyword in ONE_FAULT else pair)
        factor = _UNEVALUATED_FACTOR if "unevaluatedProperties" in schema or "unevaluatedItems" in schema else 1
        here, below = _sum(pair.here for pair in pairs), _sum(pair.below for pair in pairs)
        if max(here.steps, below.steps) * factor * LEAST_PLACES > MAX_STEPS:
            raise TooCostly(_("This schema is too costly to check: its references and combinations multiply."))
        return _Pair(_times(factor, here), _times(factor, below))

    def _own(self, schema: Mapping[str, Any]) -> Weight:
        """Returns what the keywords of a schema cost by themselves; measured once, although each level asks."""
        if id(schema) not in self._known:
            known = [weigh(schema[keyword]) for keyword, weigh in KEYWORDS.items() if keyword in schema]
            self._known[id(schema)] = _sum([Weight(steps=1), *known])
        return self._known[id(schema)]

    def _members(self, schema: Mapping[str, Any]) -> Weight:
        """Returns what the schemas of the members cost at the most costly of them."""
        known: dict[str, list[Weight]] = {keyword: [] for keyword in subschemas.BELOW}
        for child in subschemas.children(schema):
            if child.keyword in known:
                known[child.keyword].append(_largest(self.measure(child.schema, is_below=True)))
        # A name is one of `properties`, and may fit every pattern; what is neither is additional.
        named = _sum([_largest(known["properties"]), *known["patternProperties"]])
        named = _largest([named, *known["additionalProperties"]])
        in_object = _sum([named, *known["propertyNames"], *known["unevaluatedProperties"]])
        indexed = _largest([*known["prefixItems"], *known["items"]])
        in_array = _sum([indexed, *known["contains"], *known["unevaluatedItems"]])
        return _largest([in_object, in_array])

    def _measure_target(self, target: str) -> _Pair:
        if target not in self._here:
            if target in self._chain:
                raise TooCostly(_("A reference in this schema leads back to itself."))
            if len(self._chain) >= MAX_CHAIN:
                raise TooCostly(_("This schema follows too many references in a row."))
            self._chain.append(target)
            self._here[target] = self.measure(self._targets[target])
            self._chain.pop()
        return self._here[target]


def _times(factor: int, weight: Weight) -> Weight:
    return Weight(weight.steps * factor, weight.text * factor, weight.faults)


def _without_faults(pair: _Pair) -> _Pair:
    return _Pair(pair.here._replace(faults=0), pair.below._replace(faults=0))


def _type(types: str | list[str]) -> Weight:
    # Our own keyword for strict integers calls Python.
    return Weight(steps=1 + _PYTHON_CALL * ("integer" in types), faults=1)


def _enum(options: list[Any]) -> Weight:
    """A fault copies all options. Texts are found by their hash, other options are compared one by one."""
    faults = size(options).places
    if all(isinstance(option, str) for option in options):
        return Weight(steps=2, faults=faults)
    return Weight(steps=sum(map(_comparison, options)), faults=faults)


def _comparison(option: Any) -> int:
    if isinstance(option, float):
        return _EXACT_ARITHMETIC
    return 1 if isinstance(option, str | bool | None) else _COMPARISON


def _names(names: list[str]) -> Weight:
    return Weight(steps=len(names), faults=len(names))


def _dependent_names(names: Mapping[str, list[str]]) -> Weight:
    return Weight(steps=sum(1 + len(each) for each in names.values()), faults=sum(map(len, names.values())))


def _multiple_of(step: float) -> Weight:
    return Weight(steps=_EXACT_ARITHMETIC if isinstance(step, float) else _COMPARISON, faults=1)


def _pattern(pattern: str) -> Weight:
    return Weight(steps=_PATTERN_START, text=patterns.steps(pattern), faults=1)


def _name_patterns(schemas: Mapping[str, Any]) -> Weight:
    # Twice: for the schemas, and for what `additionalProperties` is left with.
    return _times(2, _sum(_pattern(pattern)._replace(faults=0) for pattern in schemas))


def _format(name: str) -> Weight:
    steps = _PYTHON_CALL if name in INTEGER_FORMATS else _PATTERN_START
    return Weight(steps=steps, text=_FORMAT_STEPS.get(name, 1), faults=1)


def _constant(weight: Weight) -> Callable[[Any], Weight]:
    return lambda _value: weight


KEYWORDS: dict[str, Callable[[Any], Weight]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda value: _enum([value]),
    "required": _names,
    "properties": lambda schemas: Weight(steps=len(schemas)),
    "dependentRequired": _dependent_names,
    "multipleOf": _multiple_of,
    "uniqueItems": _constant(Weight(steps=_UNIQUE, faults=1)),
    "pattern": _pattern,
    "patternProperties": _name_patterns,
    "format": _format,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _constant(Weight(1, 0, 1))),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _constant(Weight(1, 0, 1))),
    **dict.fromkeys(("minProperties", "maxProperties", "propertyNames"), _constant(Weight(1, 0, 1))),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties"), _constant(Weight(1, 0, 1))),
    **dict.fromkeys(("unevaluatedItems", "contains", "minContains", "maxContains"), _constant(Weight(1, 0, 1))),
    **dict.fromkeys(("anyOf", "oneOf", "not"), _constant(Weight(1, 0, 1))),
    **dict.fromkeys(("prefixItems", "items", "allOf", "if", "then", "else", "dependentSchemas"), _constant(Weight(1))),
}
"""Every keyword that can refuse a value or lead on, and what it costs by itself. All others only describe."""
