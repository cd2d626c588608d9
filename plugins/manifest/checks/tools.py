"""What the manifest's schema cannot say about tools, their examples and the configuration test."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import positions, schema
from kasilabs.lib.documents.access import objects, strings
from kasilabs.lib.documents.errors import CODES, Faults
from kasilabs.lib.text import suggestions
from plugins.manifest.checks import tool_schemas

AGENT_NAME_LENGTH = 64
"""What the model vendors take as the name of a tool."""

_SEPARATOR_LENGTH = len("__")


def check(document: dict[str, Any], faults: Faults) -> None:
    declared = {key for key, _entry in _named(document, "permissions", "key")}
    seen: set[str] = set()
    for pointer, tool in objects(document, "tools"):
        _check_name(document.get("slug"), tool.get("name"), f"{pointer}/name", seen, faults)
        _check_permissions(tool, pointer, declared, faults)
        _check_schema(tool, pointer, "outputSchema", faults)
        if _check_schema(tool, pointer, "inputSchema", faults):
            for at, example in objects(tool, "examples", pointer):
                _check_input(tool["inputSchema"], example, at, faults)
    _check_configuration_test(document, faults)


def _check_name(slug: Any, name: Any, pointer: str, seen: set[str], faults: Faults) -> None:
    if not isinstance(name, str):
        return
    if name in seen:
        faults.add(pointer, "duplicate", _("Another tool has this name."))
    seen.add(name)
    room = AGENT_NAME_LENGTH - _SEPARATOR_LENGTH - len(slug) if isinstance(slug, str) else AGENT_NAME_LENGTH
    if faults.is_sound("/slug") and faults.is_sound(pointer) and len(name) > room:
        message = _("With this slug a tool's name may have at most %(room)d characters.") % {"room": room}
        faults.add(pointer, "name_too_long", message)


def _check_permissions(tool: Mapping[str, Any], at: str, declared: set[Any], faults: Faults) -> None:
    for pointer, key in strings(tool, "permissions", at):
        if key not in declared:
            message = _("This manifest declares no such permission.")
            faults.add(pointer, "unknown_permission", message, suggestions.nearest(key, declared))


def _check_schema(tool: Mapping[str, Any], at: str, member: str, faults: Faults) -> bool:
    """Say whether the schema can be used."""
    pointer = f"{at}/{member}"
    if isinstance(tool.get(member), dict):
        tool_schemas.check(tool[member], pointer, faults)
    return member in tool and faults.is_sound(pointer)


def _check_input(rules: Mapping[str, Any], holder: Mapping[str, Any], at: str, faults: Faults) -> None:
    """Check `input` of an example or a configuration test as the input of a call is checked."""
    value = holder.get("input", {})
    if not faults.is_sound(f"{at}/input") or not isinstance(value, dict):
        return
    for problem in schema.compile(rules).problems(value, at=f"{at}/input"):
        hint = None
        if problem.code == "unknown_key":
            hint = suggestions.nearest(positions.path_of(problem.pointer)[-1], rules.get("properties", {}))
        faults.add(problem.pointer, CODES.get(problem.code, "bad_format"), problem.message, hint)


def _check_configuration_test(document: dict[str, Any], faults: Faults) -> None:
    test = document.get("configurationTest")
    if not isinstance(test, dict) or not isinstance(test.get("tool"), str):
        return
    tools = dict(_named(document, "tools", "name"))
    if test["tool"] not in tools:
        hint = suggestions.nearest(test["tool"], tools)
        faults.add("/configurationTest/tool", "bad_format", _("This manifest has no such tool."), hint)
        return
    pointer, tool = tools[test["tool"]]
    if "inputSchema" in tool and faults.is_sound(f"{pointer}/inputSchema"):
        _check_input(tool["inputSchema"], test, "/configurationTest", faults)


def _named(document: dict[str, Any], member: str, name: str) -> Iterator[tuple[str, tuple[str, dict[str, Any]]]]:
    for pointer, entry in objects(document, member):
        if isinstance(entry.get(name), str):
            yield entry[name], (pointer, entry)
