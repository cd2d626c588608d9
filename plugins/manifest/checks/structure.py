"""The first check: the closed schema of a manifest, and for each violation an error with our code and a hint."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.gate import violations as configuration
from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.errors import CODES, MAX_ERRORS, ErrorList
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.text import suggestions
from plugins.manifest.checks import hints, tool_metaschema
from plugins.manifest.checks.manifest_schema import MANIFEST_SCHEMA, MANIFEST_VALIDATOR

_CONFIGURATION_SCHEMA = re.compile(r"/configurationSchema(/|\Z)")
_TOOL_SCHEMA = re.compile(r"/tools/[0-9]+/(input|output)Schema(/|\Z)")

# Pointers and keywords that a later check answers with a more exact code or sentence.
_LEFT_TO_LATER_CHECKS = (
    re.compile(r"/permissions/[0-9]+/key pattern"),
    re.compile(r"/(baseUrl|auth/[a-zA-Z]+Url) format"),
    re.compile(r"(/tools/[0-9]+)?/requires/[0-9]+(/anyOf/[0-9]+)? oneOf"),
    re.compile(r"/workflows/[0-9]+/steps/[0-9]+ oneOf"),
)


def check_structure(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds what the manifest's schema refuses."""
    for violation in MANIFEST_VALIDATOR.violations(document, limit=MAX_ERRORS):
        place = f"{violation.pointer} {violation.code}"
        if any(left.fullmatch(place) for left in _LEFT_TO_LATER_CHECKS):
            continue
        if violation.code == "uniqueItems":
            _add_duplicates(violation, document, errors)
        elif _CONFIGURATION_SCHEMA.match(violation.pointer):
            configuration.add_violation(violation, document, errors)
        elif _TOOL_SCHEMA.match(violation.pointer):
            _add_tool_violation(violation, document, errors)
        else:
            _add_violation(violation, errors)


def _add_violation(violation: SchemaViolation, errors: ErrorList) -> None:
    pointer, code, message = violation.pointer, violation.code, violation.message
    if code == "unknown_key":
        *path, name = json_pointer.split(pointer)
        errors.add(pointer, code, message, suggestions.did_you_mean(name, _member_names(path)))
    else:
        hint = hints.form_hint(pointer) if code == "pattern" else hints.list_hint(pointer) if code == "type" else None
        errors.add(pointer, CODES.get(code, "bad_format"), message, hint)


def _add_tool_violation(violation: SchemaViolation, document: dict[str, Any], errors: ErrorList) -> None:
    pointer, code = violation.pointer, violation.code
    keyword = json_pointer.split(pointer)[-1]
    if code == "unknown_key":
        hint = hints.tool_keyword_hint(keyword, tool_metaschema.KEYWORDS)
        errors.add(pointer, "unsupported_keyword", _("Tool schemas do not take this keyword."), hint)
    elif code == "enum" and keyword == "format":
        name = json_pointer.resolve(document, pointer)
        hint = hints.tool_keyword_hint(name, tool_metaschema.FORMATS) if isinstance(name, str) else None
        errors.add(pointer, "unsupported_keyword", _("Tool schemas do not take this format."), hint)
    else:
        errors.add(pointer, CODES.get(code, "bad_schema"), violation.message)


def _add_duplicates(violation: SchemaViolation, document: dict[str, Any], errors: ErrorList) -> None:
    """Adds an error at each item that stands in the list before: the validator names only the list."""
    seen = set()
    for index, item in enumerate(json_pointer.resolve(document, violation.pointer)):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            errors.add(f"{violation.pointer}/{index}", "duplicate", _("This stands in the list already."))
        seen.add(text)


def _member_names(path: list[str]) -> set[str]:
    """Returns the names the manifest's schema knows at a place."""
    schema: Any = MANIFEST_SCHEMA
    for part in path:
        schema = schema.get("properties", {}).get(part) or schema.get("items") or {}
    return set(_property_names(schema))


def _property_names(schema: dict[str, Any]) -> Iterator[str]:
    yield from schema.get("properties", {})
    for case in schema.get("allOf", ()):
        yield from _property_names(case["then"])
