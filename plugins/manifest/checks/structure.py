"""The first check: the closed schema of a manifest, and for each violation an error with our code and a hint.

A manifest is checked in parts, and a schema in it place by place: the validator makes all errors of a value before it
gives the first one, and a hostile manifest could have 80,000.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.gate import violations as configuration
from kasilabs.lib.documents import json_pointer, subschemas
from kasilabs.lib.documents.access import items, object_member
from kasilabs.lib.documents.errors import CODES, MAX_ERRORS, ErrorList
from kasilabs.lib.documents.json_schema import SchemaViolation, Validator
from kasilabs.lib.text import suggestions
from plugins.manifest.checks import hints, manifest_schema, tool_metaschema
from plugins.manifest.checks.manifest_schema import MANIFEST_SCHEMA

_CONFIGURATION_SCHEMA = re.compile(r"/configurationSchema(/|\Z)")
_TOOL_SCHEMA = re.compile(r"/tools/[0-9]+/(input|output)Schema(/|\Z)")

# Pointers and keywords that a later check answers with a more exact code or sentence.
_LEFT_TO_LATER_CHECKS = (
    re.compile(r"/permissions/[0-9]+/key pattern"),
    re.compile(r"/tools/[0-9]+/name (pattern|minLength|maxLength)"),
    re.compile(r"/(baseUrl|auth/[a-zA-Z]+Url) format"),
    re.compile(r"(/tools/[0-9]+)?/requires/[0-9]+(/anyOf/[0-9]+)? oneOf"),
    re.compile(r"/workflows/[0-9]+/steps/[0-9]+ oneOf"),
)


@dataclass(frozen=True)
class Part:
    """A part of a manifest, its place, and the validator that knows what it has to be."""

    pointer: str
    value: Any
    validator: Validator


def check_structure(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds what the manifest's schema refuses."""
    for part in _parts(document):
        for violation in part.validator.violations(part.value, at=part.pointer, limit=MAX_ERRORS + 1):
            _add(violation, document, errors)


def _parts(document: dict[str, Any]) -> Iterator[Part]:
    """Yields the parts of a manifest. What is ignored is not there, and of data only that it is there."""
    known = MANIFEST_SCHEMA["properties"]
    unknown = [name for name in document if name not in known and not name.startswith("x-")][: MAX_ERRORS + 1]
    head = {name: document[name] for name in [*(known.keys() & document.keys()), *unknown]}
    if test := object_member(document, "configurationTest"):
        head["configurationTest"] = _without_input(test)
    yield Part("", head, manifest_schema.MANIFEST_PART)
    for name, validator in manifest_schema.ITEM_PARTS.items():
        for pointer, item in items(document, name):
            yield Part(pointer, item, validator)
    if "configurationSchema" in document:
        yield from _configuration_parts(document["configurationSchema"], "/configurationSchema")
    for pointer, tool in items(document, "tools"):
        yield from _tool_parts(tool, pointer)


def _configuration_parts(schema: Any, at: str) -> Iterator[Part]:
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        yield Part(at, schema, manifest_schema.CONFIGURATION_PART)
        return
    fields = schema["properties"]
    without_rules = {**schema, "properties": {name: {"type": "boolean"} for name in fields}}
    yield Part(at, without_rules, manifest_schema.CONFIGURATION_PART)
    for name, rules in fields.items():
        yield Part(at + json_pointer.join(["properties", name]), rules, manifest_schema.FIELD_PART)


def _tool_parts(tool: Any, at: str) -> Iterator[Part]:
    if not isinstance(tool, dict):
        yield Part(at, tool, manifest_schema.TOOL_PART)
        return
    alone = dict(tool)
    if isinstance(tool.get("examples"), list):
        alone["examples"] = [_without_input(each) if isinstance(each, dict) else each for each in tool["examples"]]
    yield Part(at, alone, manifest_schema.TOOL_PART)
    for member, root in manifest_schema.SCHEMA_PARTS.items():
        # One that is no object is an error of the tool.
        for path, schema in subschemas.walk(tool.get(member)):
            validator = manifest_schema.SUBSCHEMA_PART if path else root
            yield Part(f"{at}/{member}{json_pointer.join(path)}", _without_schemas(schema), validator)


def _without_input(holder: dict[str, Any]) -> dict[str, Any]:
    return {**holder, "input": {}} if isinstance(holder.get("input"), dict) else holder


def _without_schemas(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns one place of a tool's schema: the schemas in it are places of their own, and data may be anything."""
    alone = subschemas.map_children(schema, lambda child: True if isinstance(child, dict) else child)
    for keyword, value in alone.items():
        if keyword in subschemas.MAPS and isinstance(value, dict):
            alone[keyword] = {name: child for name, child in value.items() if child is not True}
        elif keyword in ("enum", "examples") and isinstance(value, list):
            alone[keyword] = [True] * bool(value)
        elif keyword in ("const", "default") or keyword.startswith("x-"):
            alone[keyword] = True
    return alone


def _add(violation: SchemaViolation, document: dict[str, Any], errors: ErrorList) -> None:
    place = f"{violation.pointer} {violation.code}"
    if any(left.fullmatch(place) for left in _LEFT_TO_LATER_CHECKS):
        return
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
    elif code == "type" and keyword == "items" and isinstance(json_pointer.resolve(document, pointer), list):
        message = _("JSON Schema 2020-12 takes one schema here, not a list of them.")
        errors.add(pointer, "bad_schema", message, hints.tool_keyword_hint(keyword))
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
