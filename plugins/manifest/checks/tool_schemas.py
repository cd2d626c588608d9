"""Tool Schema v1: what must hold, beyond the allowed keywords, before a stranger's schema may judge calls."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer, json_schema, resolved_schema, schema_cost, subschemas
from kasilabs.lib.documents.access import object_member
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.documents.untrusted_schema import MAX_BYTES, PatternBudget, size
from kasilabs.lib.text import suggestions
from plugins.manifest.checks import hints
from plugins.manifest.checks.contradictions import check_contradictions
from plugins.manifest.personal_data import MARK, PersonalData

MAX_DEPTH = 16
"""Nested objects and arrays of the schema document, the outermost included."""


def check_tool_schema(schema: dict[str, Any], at: str, errors: ErrorList, budget: PatternBudget) -> None:
    """Adds what the manifest's schema cannot see; what it can see may be an error already."""
    if size(schema) > MAX_BYTES:
        errors.add(at, "too_large", _("A tool's schema is at most %(limit)d KiB.") % {"limit": MAX_BYTES // 1024})
        return
    if _depth(schema) > MAX_DEPTH:
        errors.add(at, "too_deep", _("A tool's schema is at most %(limit)d levels deep.") % {"limit": MAX_DEPTH})
        return
    for name in object_member(schema, "definitions").keys() & object_member(schema, "$defs").keys():
        pointer = at + json_pointer.join(["definitions", name])
        errors.add(pointer, "duplicate", _("Another definition under $defs has this name."))
    places = resolved_schema.schemas_by_path(schema)
    for path, part in subschemas.walk(schema):
        pointer = at + json_pointer.join(path)
        _check_patterns(part, pointer, errors, budget)
        _check_reference(part, pointer, places, errors)
        check_contradictions(part, pointer, errors)
        _check_mark(part, pointer, errors)
    if errors.none_at(at):
        _check_cost(schema, at, errors)


def open_objects(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yields the pointers of the object schemas that take names they do not know."""
    for path, part in subschemas.walk(schema):
        describes_object = part.get("type") == "object" or "properties" in part
        if describes_object and part.get("additionalProperties", part.get("unevaluatedProperties")) is not False:
            yield json_pointer.join(path)


def broken_defaults(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yields pointer and value of each `default` that breaks the rules it stands beside; some, where there are many."""
    places = [(path, part) for path, part in subschemas.walk(schema) if "default" in part]
    definitions = {keyword: schema[keyword] for keyword in subschemas.DEFINITIONS if keyword in schema}
    rules = {"properties": {str(number): part for number, (_path, part) in enumerate(places)}, **definitions}
    try:
        validator = json_schema.Validator(rules)
    except schema_cost.TooCostly:
        # Thousands of defaults in a schema that takes nearly all a schema may.
        return
    violations = validator.violations({str(number): part["default"] for number, (_path, part) in enumerate(places)})
    broken = {int(json_pointer.split(violation.pointer)[0]) for violation in violations if violation.pointer}
    for number in sorted(broken):
        path, part = places[number]
        yield json_pointer.join((*path, "default")), part["default"]


def _depth(value: Any) -> int:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(_depth, children), default=0)


def _check_patterns(part: Mapping[str, Any], pointer: str, errors: ErrorList, budget: PatternBudget) -> None:
    if isinstance(part.get("pattern"), str):
        budget.check(part["pattern"], f"{pointer}/pattern", errors)
    for pattern in object_member(part, "patternProperties"):
        budget.check(pattern, f"{pointer}/patternProperties" + json_pointer.join([pattern]), errors)


def _check_reference(
    part: Mapping[str, Any], pointer: str, places: Container[tuple[str, ...]], errors: ErrorList
) -> None:
    """Adds an error for a `$ref` out of the schema, and for one to nothing."""
    place, reference = f"{pointer}/$ref", part.get("$ref")
    if not isinstance(reference, str):
        return
    try:
        path = resolved_schema.reference_path(reference)
    except resolved_schema.BadReference:
        hint = hints.tool_keyword_hint("$ref")
        errors.add(place, "unsupported_keyword", _("This reference is not followed."), hint)
        return
    if path not in places:
        errors.add(place, "bad_schema", _("There is nothing at this reference."))


def _check_mark(part: Mapping[str, Any], pointer: str, errors: ErrorList) -> None:
    mark = part.get(MARK)
    if MARK in part and mark not in list(PersonalData):
        message = _("This is no kind of personal data. Use one of: %(kinds)s.") % {"kinds": ", ".join(PersonalData)}
        hint = suggestions.did_you_mean(mark, list(PersonalData)) if isinstance(mark, str) else None
        errors.add(f"{pointer}/{MARK}", "bad_schema", message, hint)


def _check_cost(schema: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    try:
        json_schema.compile(schema)
    except schema_cost.TooCostly as error:
        errors.add(at, "bad_schema", str(error))
    except json_schema.BadSchema:
        errors.add(at, "bad_schema", _("This is not a valid schema."))
