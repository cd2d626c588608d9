"""Pairs of a schema and a value as two strangers could choose them, each of at most 64 KB."""

import json
from typing import Any

from hypothesis import strategies as st

MOST_BYTES = 64 * 1024
FEW, MANY = st.sampled_from((1, 2, 8)), st.sampled_from((1, 3, 30, 1_000, 20_000))

names = st.sampled_from(("a", "b", "c", "town", "x" * 30))
patterns = st.sampled_from(
    ("^a+$", "b", r"^\w+@\w+\.\w+$", "1[01]{20}[2-9]", "1[01]{1000}[2-9]", "[^a]{1,60}$", "(a|b)*c")
)
formats = st.sampled_from(("email", "uri", "date-time", "uuid", "idn-hostname", "hostname", "ipv6", "int32", "byte"))
texts = st.builds(
    lambda unit, times: (unit * times)[: MOST_BYTES // len(unit.encode())],
    st.sampled_from(("a", "10", "é", "b@c.d ", "xn--a.")),
    MANY,
)
numbers = st.sampled_from((0, 1, 5, -3, 2**31, 10**40, 0.5, 0.1, 1e300, 5.0))
scalars = st.one_of(texts, numbers, st.none(), st.booleans())


def _listed(item: Any, times: int) -> list[Any]:
    return [item] * max(1, min(times, MOST_BYTES // (len(json.dumps(item)) + 1)))


values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.builds(_listed, inner, MANY),
        st.lists(inner, max_size=4),
        st.dictionaries(names, inner, max_size=5),
        st.builds(lambda times: {f"n{number}": 1 for number in range(times // 4)}, MANY),
    ),
    max_leaves=8,
)
"""JSON values; few of them are larger than MOST_BYTES."""

options = st.builds(
    lambda values_, times: [*values_, *(f"option {number}" for number in range(min(times, 2_000)))],
    st.lists(st.one_of(numbers, st.none(), st.just({"a": 1}), st.just("a")), min_size=1, max_size=40),
    MANY,
)
many_names = st.builds(
    lambda few, times: sorted({*few, *(f"n{number}" for number in range(min(times, 2_000)))}), st.lists(names), MANY
)
scalar_rules = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={"maxLength": FEW, "minLength": FEW, "pattern": patterns, "format": formats},
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(("integer", "number"))},
        optional={"minimum": numbers, "multipleOf": st.sampled_from((2, 5, 0.01, 0.5)), "format": st.just("int64")},
    ),
    st.fixed_dictionaries({"enum": options}),
    st.fixed_dictionaries({"const": numbers}),
    st.sampled_from(({"type": "null"}, {"type": ["string", "null"]}, {}, True, False)),
    st.builds(lambda name: {"$ref": f"#/$defs/{name}"}, st.sampled_from("klm")),
)


def _forms(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    repeated = st.builds(lambda part, times: [part] * times, inner, st.sampled_from((1, 2, 20)))
    branches = st.one_of(st.lists(inner, min_size=1, max_size=3), repeated)
    objects = st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(names, inner, max_size=4),
            "patternProperties": st.dictionaries(patterns, inner, max_size=2),
            "additionalProperties": st.one_of(st.just(False), inner),
            "unevaluatedProperties": st.just(False),
            "propertyNames": st.fixed_dictionaries({"pattern": patterns}),
            "required": many_names,
            "dependentRequired": st.dictionaries(names, many_names, max_size=2),
            "minProperties": FEW,
        },
    )
    arrays = st.fixed_dictionaries(
        {"type": st.just("array"), "items": inner},
        optional={
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "contains": inner,
            "uniqueItems": st.just(True),
            "minItems": FEW,
            "unevaluatedItems": st.just(False),
        },
    )
    combined = st.one_of(
        st.builds(lambda keyword, parts: {keyword: parts}, st.sampled_from(("anyOf", "oneOf", "allOf")), branches),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"if": inner, "then": inner, "else": inner}),
    )
    return st.one_of(objects, arrays, combined)


schemas = st.recursive(scalar_rules, _forms, max_leaves=10).filter(lambda rules: isinstance(rules, dict))
pairs = st.tuples(
    st.builds(
        lambda rules, definitions: {**rules, "$defs": definitions},
        schemas,
        st.fixed_dictionaries(dict.fromkeys("klm", schemas)),
    ),
    values,
).filter(lambda pair: all(len(json.dumps(part)) <= MOST_BYTES for part in pair))
