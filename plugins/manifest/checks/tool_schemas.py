"""Tool Schema v1: what must hold beyond the allowed keywords before a stranger's schema may judge calls."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer, json_schema, subschemas
from kasilabs.lib.documents.access import object_member
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.documents.untrusted_schema import MAX_BYTES, check_pattern, size
from plugins.manifest.checks.schema_cost import Heavy, weigh

MAX_DEPTH = 16
"""Nested objects and arrays of the schema document, the outermost included."""


def check(rules: dict[str, Any], at: str, errors: ErrorList) -> None:
    """Add what the manifest's gate could not see; what it has seen may be at fault already."""
    if size(rules) > MAX_BYTES:
        errors.add(at, "too_large", _("A tool's schema is at most %(limit)d KiB.") % {"limit": MAX_BYTES // 1024})
        return
    if _depth(rules) > MAX_DEPTH:
        errors.add(at, "too_deep", _("A tool's schema is at most %(limit)d levels deep.") % {"limit": MAX_DEPTH})
        return
    _check_patterns(rules, at, errors)
    _check_references(rules, at, errors)
    if errors.none_at(at):
        _check_weight(rules, at, errors)


def open_objects(rules: Mapping[str, Any]) -> Iterator[str]:
    """Pointers of the object schemas that take names they do not know."""
    for path, part in subschemas.walk(rules):
        describes_object = part.get("type") == "object" or "properties" in part
        if describes_object and part.get("additionalProperties", part.get("unevaluatedProperties")) is not False:
            yield json_pointer.join(path)


def resolve(rules: Mapping[str, Any], reference: str) -> Any:
    """The schema a local reference names; raises KeyError when there is none."""
    part: Any = rules
    for name in json_pointer.split(reference.removeprefix("#")):
        part = _member(part, name)
    if not isinstance(part, dict | bool):
        raise KeyError(reference)
    return part


def _member(part: Any, name: str) -> Any:
    if isinstance(part, dict):
        return part[name]
    if isinstance(part, list) and name.isdecimal() and name.isascii() and int(name) < len(part):
        return part[int(name)]
    raise KeyError(name)


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _check_patterns(rules: dict[str, Any], at: str, errors: ErrorList) -> None:
    for path, part in subschemas.walk(rules):
        here = at + json_pointer.join(path)
        if isinstance(part.get("pattern"), str):
            check_pattern(part["pattern"], f"{here}/pattern", errors)
        for pattern in object_member(part, "patternProperties"):
            check_pattern(pattern, f"{here}/patternProperties" + json_pointer.join([pattern]), errors)


def _check_references(rules: dict[str, Any], at: str, errors: ErrorList) -> None:
    for path, part in subschemas.walk(rules):
        pointer = at + json_pointer.join((*path, "$ref"))
        if isinstance(part.get("$ref"), str) and errors.none_at(pointer) and not _leads_somewhere(rules, part["$ref"]):
            errors.add(pointer, "bad_schema", _("There is nothing at this reference."))


def _leads_somewhere(rules: dict[str, Any], reference: str) -> bool:
    try:
        resolve(rules, reference)
    except KeyError:
        return False
    return True


def _check_weight(rules: dict[str, Any], at: str, errors: ErrorList) -> None:
    try:
        weigh(rules, resolve)
        json_schema.compile(rules)
    except Heavy as error:
        errors.add(at, "bad_schema", str(error))
    except json_schema.BadSchema as error:
        errors.add(at + error.pointer, "bad_schema", _("This is not a valid schema."))
