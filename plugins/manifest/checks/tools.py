"""What the manifest's schema cannot say about tools, their examples and the configuration test."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer, json_schema
from kasilabs.lib.documents.access import objects, strings
from kasilabs.lib.documents.errors import CODES, ErrorList
from kasilabs.lib.text import suggestions
from plugins.manifest.checks import tool_schemas

AGENT_NAME_LENGTH = 64
"""What the model vendors take as the name of a tool."""

_SEPARATOR_LENGTH = len("__")


def check(document: dict[str, Any], errors: ErrorList) -> None:
    declared = {key for key, _entry in _named(document, "permissions", "key")}
    seen: set[str] = set()
    for pointer, tool in objects(document, "tools"):
        _check_name(document.get("slug"), tool.get("name"), f"{pointer}/name", seen, errors)
        _check_permissions(tool, pointer, declared, errors)
        _check_schema(tool, pointer, "outputSchema", errors)
        if _check_schema(tool, pointer, "inputSchema", errors):
            for at, example in objects(tool, "examples", pointer):
                _check_input(tool["inputSchema"], example, at, errors)
    _check_configuration_test(document, errors)


def _check_name(slug: Any, name: Any, pointer: str, seen: set[str], errors: ErrorList) -> None:
    if not isinstance(name, str):
        return
    if name in seen:
        errors.add(pointer, "duplicate", _("Another tool has this name."))
    seen.add(name)
    room = AGENT_NAME_LENGTH - _SEPARATOR_LENGTH - len(slug) if isinstance(slug, str) else AGENT_NAME_LENGTH
    if errors.none_at("/slug") and errors.none_at(pointer) and len(name) > room:
        message = _("With this slug a tool's name may have at most %(room)d characters.") % {"room": room}
        errors.add(pointer, "name_too_long", message)


def _check_permissions(tool: Mapping[str, Any], at: str, declared: set[Any], errors: ErrorList) -> None:
    for pointer, key in strings(tool, "permissions", at):
        if key not in declared:
            message = _("This manifest declares no such permission.")
            errors.add(pointer, "unknown_permission", message, suggestions.did_you_mean(key, declared))


def _check_schema(tool: Mapping[str, Any], at: str, member: str, errors: ErrorList) -> bool:
    """Say whether the schema can be used."""
    pointer = f"{at}/{member}"
    if isinstance(tool.get(member), dict):
        tool_schemas.check(tool[member], pointer, errors)
    return member in tool and errors.none_at(pointer)


def _check_input(rules: Mapping[str, Any], holder: Mapping[str, Any], at: str, errors: ErrorList) -> None:
    """Check `input` of an example or a configuration test as the input of a call is checked."""
    value = holder.get("input", {})
    if not errors.none_at(f"{at}/input") or not isinstance(value, dict):
        return
    for violation in json_schema.compile(rules).violations(value, at=f"{at}/input"):
        hint = None
        if violation.code == "unknown_key":
            hint = suggestions.did_you_mean(json_pointer.split(violation.pointer)[-1], rules.get("properties", {}))
        errors.add(violation.pointer, CODES.get(violation.code, "bad_format"), violation.message, hint)


def _check_configuration_test(document: dict[str, Any], errors: ErrorList) -> None:
    test = document.get("configurationTest")
    if not isinstance(test, dict) or not isinstance(test.get("tool"), str):
        return
    tools = dict(_named(document, "tools", "name"))
    if test["tool"] not in tools:
        hint = suggestions.did_you_mean(test["tool"], tools)
        errors.add("/configurationTest/tool", "bad_format", _("This manifest has no such tool."), hint)
        return
    pointer, tool = tools[test["tool"]]
    if "inputSchema" in tool and errors.none_at(f"{pointer}/inputSchema"):
        _check_input(tool["inputSchema"], test, "/configurationTest", errors)


def _named(document: dict[str, Any], member: str, name: str) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    for pointer, entry in objects(document, member):
        if isinstance(entry.get(name), str):
            yield entry[name], (pointer, entry)
