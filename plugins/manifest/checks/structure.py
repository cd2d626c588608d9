"""From what the manifest's schema refuses to faults: our codes, and hints from the words that stand there."""

import json
import re
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.configuration.gate import hints as config_hints
from kasilabs.configuration.gate import metaschema
from kasilabs.lib.documents import positions
from kasilabs.lib.documents.errors import CODES, FAULTS_AT_MOST, Faults
from kasilabs.lib.documents.schema import Problem
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


def check(document: dict[str, Any], faults: Faults) -> None:
    for problem in GATE.problems(document, at_most=FAULTS_AT_MOST):
        if any(place.fullmatch(f"{problem.pointer} {problem.code}") for place in _DECIDED_ELSEWHERE):
            continue
        if problem.code == "uniqueItems":
            _add_repeated(document, problem, faults)
        elif _CONFIGURATION.match(problem.pointer):
            _add_configuration(document, problem, faults)
        elif _TOOL_SCHEMA.match(problem.pointer):
            _add_tool_schema(document, problem, faults)
        else:
            _add(problem, faults)


def _add(problem: Problem, faults: Faults) -> None:
    if problem.code == "unknown_key":
        *path, name = positions.path_of(problem.pointer)
        faults.add(
            problem.pointer, "unknown_key", problem.message, suggestions.nearest(name, _known_names(tuple(path)))
        )
    else:
        hint = hints.for_form(problem.pointer) if problem.code == "pattern" else None
        faults.add(problem.pointer, CODES.get(problem.code, "bad_format"), problem.message, hint)


def _add_configuration(document: dict[str, Any], problem: Problem, faults: Faults) -> None:
    last = positions.path_of(problem.pointer)[-1]
    if problem.code == "unknown_key":
        hint = config_hints.for_configuration(last, metaschema.KEYWORDS)
        _refuse(problem, _("A configuration schema does not take this here."), hint, faults)
    elif problem.code == "enum" and last in ("type", "format"):
        word = _word(_value(document, problem.pointer))
        known = metaschema.TYPES if last == "type" else metaschema.FORMATS
        _refuse(problem, problem.message, config_hints.for_configuration(word, known), faults)
    elif problem.code == "const" and last == "additionalProperties":
        _refuse(problem, problem.message, None, faults)
    elif problem.code == "propertyNames":
        message = _("A field's name is a letter, then at most 62 letters, digits or underscores.")
        faults.add(problem.pointer, "bad_format", message)
    else:
        faults.add(problem.pointer, CODES.get(problem.code, "bad_schema"), problem.message)


def _add_tool_schema(document: dict[str, Any], problem: Problem, faults: Faults) -> None:
    last = positions.path_of(problem.pointer)[-1]
    if problem.code == "unknown_key":
        hint = hints.for_tool(last, tool_metaschema.KEYWORDS)
        _refuse(problem, _("Tool schemas do not take this keyword."), hint, faults)
    elif problem.code == "enum" and last == "format":
        hint = hints.for_tool(_word(_value(document, problem.pointer)), tool_metaschema.FORMATS)
        _refuse(problem, _("Tool schemas do not take this format."), hint, faults)
    elif problem.code == "pattern" and last == "$ref":
        _refuse(problem, _("This reference is not followed."), hints.for_tool("$ref"), faults)
    else:
        faults.add(problem.pointer, CODES.get(problem.code, "bad_schema"), problem.message)


def _refuse(problem: Problem, message: str, hint: str | None, faults: Faults) -> None:
    faults.add(problem.pointer, "unsupported_keyword", message, hint)


def _add_repeated(document: dict[str, Any], problem: Problem, faults: Faults) -> None:
    seen = set()
    for index, item in enumerate(_value(document, problem.pointer)):
        text = json.dumps(item, sort_keys=True)
        if text in seen:
            faults.add(f"{problem.pointer}/{index}", "duplicate", _("This stands in the list already."))
        seen.add(text)


def _value(document: dict[str, Any], pointer: str) -> Any:
    value: Any = document
    for part in positions.path_of(pointer):
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
