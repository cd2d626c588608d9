"""Rules of a tool's schema that no value can meet."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import patterns
from kasilabs.lib.documents.access import object_member
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.text import suggestions

FRACTIONS = (1e-9, 1e9)
"""A fractional `multipleOf` beyond these is arithmetic on hundreds of digits."""


def check_contradictions(schema: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    """Adds what one place of a schema asks that cannot be; `at` is its pointer. What is an error already is left."""
    if not errors.none_at(at):
        return
    types = schema.get("type")
    for keyword in ("enum", "const"):
        options = schema.get(keyword, []) if keyword == "enum" else [schema[keyword]] if keyword in schema else []
        if types and options and not any(_has_type(option, types) for option in options):
            hint = _('Write the values as they are sent: true and not "true", 5 and not "5".')
            errors.add(f"{at}/{keyword}", "bad_schema", _("No value here has the type of this schema."), hint)
    if schema.get("additionalProperties") is False:
        _check_required(schema, at, errors)
    step = schema.get("multipleOf")
    if isinstance(step, float) and not FRACTIONS[0] <= step <= FRACTIONS[1]:
        message = _("A fraction must lie between 0.000000001 and 1000000000.")
        errors.add(f"{at}/multipleOf", "bad_schema", message)


def _check_required(schema: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    known, by_pattern = object_member(schema, "properties"), object_member(schema, "patternProperties")
    for name in schema.get("required", ()):
        if name not in known and not any(patterns.is_match(pattern, name) for pattern in by_pattern):
            message = _("This object takes no other properties, and has none named %(name)s.") % {"name": name[:100]}
            errors.add(f"{at}/required", "bad_schema", message, suggestions.did_you_mean(name, known))


def _has_type(value: Any, types: str | Collection[str]) -> bool:
    """Returns whether a JSON value has one of these types; 5.0 is no integer (docs/authors/manifest.md)."""
    match value:
        case None:
            found = {"null"}
        case bool():
            found = {"boolean"}
        case int():
            found = {"integer", "number"}
        case float():
            found = {"number"}
        case str():
            found = {"string"}
        case list():
            found = {"array"}
        case _:
            found = {"object"}
    return not found.isdisjoint([types] if isinstance(types, str) else types)
