"""From what the manifest's schema refuses to faults: our codes, and hints from the words that stand there."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.gate import hints as config_hints
from kasilabs.configuration.gate import metaschema
from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.errors import CODES, MAX_ERRORS, ErrorList
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.text import suggestions
from plugins.manifest.checks import hints, tool_metaschema
from plugins.manifest.checks.manifest_schema import GATE, MANIFEST_SCHEMA

_CONFIGURATION = re.compile(r"/configurationSchema(/|\Z)")
_TOOL_SCHEMA = re.compile(r"/tools/[0-9]+/(input|output)Schema(/|\Z)")

_DECIDED_ELSEWHERE = (
    re.compile(r"/permissions/[0-9]+/key pattern"),
    re.compile(r"/(baseUrl|auth/[a-zA-Z]+Url) format"),
)
"""Places and keywords that a later rule answers with a more exact code or sentence."""


def check(document: dict[str, Any], errors: ErrorList) -> None:
    for violation in GATE.violations(document, limit=MAX_ERRORS):
        if any(place.fullmatch(f"{violation.pointer} {violation.code}") for place in _DECIDED_ELSEWHERE):
            continue
        if violation.code == "uniqueItems":
            _add_repeated(document, violation, errors)
        elif _CONFIGURATION.match(violation.pointer):
            _add_configuration(document, violation, errors)
        elif _TOOL_SCHEMA.match(violation.pointer):
            _add_tool_schema(document, violation, errors)
        else:
            _add(violation, errors)


def _add(violation: SchemaViolation, errors: ErrorList) -> None:
    if violation.code == "unknown_key":
        *path, name = json_pointer.split(violation.pointer)
        errors.add(
            violation.pointer,
            "unknown_key",
            violation.message,
            suggestions.did_you_mean(name, _known_names(tuple(path))),
        )
    else:
        hint = hints.for_form(violation.pointer) if violation.code == "pattern" else None
        errors.add(violation.pointer, CODES.get(violation.code, "bad_format"), violation.message, hint)


def _add_configuration(document: dict[str, Any], violation: SchemaViolation, errors: ErrorList) -> None:
    last = json_pointer.split(violation.pointer)[-1]
    if violation.code == "unknown_key":
        hint = config_hints.for_configuration(last, metaschema.KEYWORDS)
        _refuse(violation, _("A configuration schema does not take this here."), hint, errors)
    elif violation.code == "enum" and last in ("type", "format"):
        word = _word(_value(document, violation.pointer))
        known = metaschema.TYPES if last == "type" else metaschema.FORMATS
        _refuse(violation, violation.message, config_hints.for_configuration(word, known), errors)
    elif violation.code == "const" and last == "additionalProperties":
        _refuse(violation, violation.message, None, errors)
    elif violation.code == "propertyNames":
        message = _("A field's name is a letter, then at most 62 letters, digits or underscores.")
        errors.add(violation.pointer, "bad_format", message)
    else:
        errors.add(violation.pointer, CODES.get(violation.code, "bad_schema"), violation.message)


def _add_tool_schema(document: dict[str, Any], violation: SchemaViolation, errors: ErrorList) -> None:
    last = json_pointer.split(violation.pointer)[-1]
    if violation.code == "unknown_key":
        hint = hints.for_tool(last, tool_metaschema.KEYWORDS)
        _refuse(violation, _("Tool schemas do not take this keyword."), hint, errors)
    elif violation.code == "enum" and last == "format":
        hint = hints.for_tool(_word(_value(document, violation.pointer)), tool_metaschema.FORMATS)
        _refuse(violation, _("Tool schemas do not take this format."), hint, errors)
    elif violation.code == "pattern" and last == "$ref":
        _refuse(violation, _("This reference is not followed."), hints.for_tool("$ref"), errors)
    else:
        errors.add(violation.pointer, CODES.get(violation.code, "bad_schema"), violation.message)


def _refuse(violation: SchemaViolation, message: str, hint: str | None, errors: ErrorList) -> None:
    errors.add(violation.pointer, "unsupported_keyword", message, hint)


def _add_repeated(document: dict[str, Any], violation: SchemaViolation, errors: ErrorList) -> None:
    seen = set()
    for index, item in enumerate(_value(document, violation.pointer)):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            errors.add(f"{violation.pointer}/{index}", "duplicate", _("This stands in the list already."))
        seen.add(text)


def _value(document: dict[str, Any], pointer: str) -> Any:
    value: Any = document
    for part in json_pointer.split(pointer):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value


def _word(value: Any) -> str:
    """The one word a wrong `type` or `format` is about: of a list, the type that makes it one."""
    if isinstance(value, list):
        return "null" if "null" in value else "oneOf"
    return value if isinstance(value, str) else ""


def _known_names(path: tuple[str, ...]) -> set[str]:
    rules: Any = MANIFEST_SCHEMA
    for part in path:
        rules = rules.get("properties", {}).get(part) or rules.get("items") or {}
    return set(_names(rules))


def _names(rules: dict[str, Any]) -> Iterator[str]:
    yield from rules.get("properties", {})
    for case in rules.get("allOf", ()):
        yield from _names(case["then"])
