"""What the manifest's schema cannot say about tools, their examples and the configuration test."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer, json_schema
from kasilabs.lib.documents.access import object_member, objects, strings
from kasilabs.lib.documents.errors import CODES, ErrorList
from kasilabs.lib.documents.untrusted_schema import PatternBudget
from kasilabs.lib.text import suggestions
from plugins.manifest.checks import tool_names
from plugins.manifest.checks.manifest_schema import TOOL_NAME
from plugins.manifest.checks.tool_schemas import check_tool_schema
from plugins.manifest.checks.vendor_rules import check_vendor_rules

MIN_NAME, MAX_NAME = 2, 48

MAX_AGENT_NAME_LENGTH = 64
"""What the model vendors take as the name of a tool."""

_SEPARATOR_LENGTH = len("__")


def check_tools(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds what is wrong with names, permissions, schemas and examples of the tools."""
    declared = {key for key, _place in _named(document, "permissions", "key")}
    _check_names(document, errors)
    budget = PatternBudget()
    for pointer, tool in objects(document, "tools"):
        for at, key in strings(tool, "permissions", pointer):
            if key not in declared:
                message = _("This manifest declares no such permission.")
                errors.add(at, "unknown_permission", message, suggestions.did_you_mean(key, declared))
        _check_schemas_and_examples(tool, pointer, errors, budget)


def check_configuration_test(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds what is wrong with the tool and the input of the configuration test."""
    name = object_member(document, "configurationTest").get("tool")
    if not isinstance(name, str):
        return
    tools = dict(_named(document, "tools", "name"))
    if name not in tools:
        hint = suggestions.did_you_mean(name, tools)
        errors.add("/configurationTest/tool", "bad_format", _("This manifest has no such tool."), hint)
        return
    pointer, tool = tools[name]
    if "inputSchema" in tool and errors.none_at(f"{pointer}/inputSchema"):
        _check_input(document["configurationTest"], tool["inputSchema"], "/configurationTest", errors)


def _check_names(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds the names agents could not call a tool by, each with one that they can."""
    slug = document.get("slug")
    room = MAX_AGENT_NAME_LENGTH - _SEPARATOR_LENGTH - len(slug if isinstance(slug, str) else "")
    is_sure = errors.none_at("/slug")
    names = [name for name, _place in _named(document, "tools", "name")]
    taken, seen = set(names), set()
    for name, (at, _tool) in _named(document, "tools", "name"):
        pointer = f"{at}/name"
        refusals = [
            (name in seen, "duplicate", _("Another tool has this name.")),
            (not re.fullmatch(TOOL_NAME, name), "bad_format", _("Use lower-case words joined by single underscores.")),
            (len(name) < MIN_NAME, "too_short", _("Use at least %(n)d characters.") % {"n": MIN_NAME}),
            (len(name) > MAX_NAME, "too_long", _("Use at most %(n)d characters.") % {"n": MAX_NAME}),
        ]
        seen.add(name)
        hint = None
        for is_refused, code, message in refusals:
            if is_refused:
                hint = hint or _name_hint(name, min(room, MAX_NAME) if is_sure else MAX_NAME, taken)
                errors.add(pointer, code, message, hint)
        if is_sure and errors.none_at(pointer) and len(name) > room:
            message = _("With this slug a tool's name may have at most %(room)d characters.") % {"room": room}
            errors.add(pointer, "name_too_long", message, _name_hint(name, room, taken))


def _name_hint(name: str, room: int, taken: set[str]) -> str:
    """Returns the name to use instead, which is then taken."""
    suggested = tool_names.suggest(name, room=room, taken=taken)
    taken.add(suggested)
    return _("Use this name: %(name)s") % {"name": suggested}


def _check_schemas_and_examples(tool: Mapping[str, Any], at: str, errors: ErrorList, budget: PatternBudget) -> None:
    if isinstance(tool.get("inputSchema"), dict):
        check_vendor_rules(tool["inputSchema"], f"{at}/inputSchema", errors)
    for member in ("outputSchema", "inputSchema"):
        if isinstance(tool.get(member), dict):
            check_tool_schema(tool[member], f"{at}/{member}", errors, budget)
    if "inputSchema" in tool and errors.none_at(f"{at}/inputSchema"):
        for pointer, example in objects(tool, "examples", at):
            _check_input(example, tool["inputSchema"], pointer, errors)


def _check_input(holder: Mapping[str, Any], schema: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    """Checks `input` of an example or a configuration test as the input of a call is checked."""
    value = holder.get("input", {})
    if not errors.none_at(f"{at}/input") or not isinstance(value, dict):
        return
    for violation in json_schema.compile(schema).violations(value, at=f"{at}/input"):
        hint = None
        if violation.code == "unknown_key":
            hint = suggestions.did_you_mean(json_pointer.split(violation.pointer)[-1], schema.get("properties", {}))
        errors.add(violation.pointer, CODES.get(violation.code, "bad_format"), violation.message, hint)


def _named(document: dict[str, Any], member: str, name: str) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    """Yields the objects of a list member that have a name: the name, then pointer and object."""
    for pointer, entry in objects(document, member):
        if isinstance(entry.get(name), str):
            yield entry[name], (pointer, entry)
