"""The design checklist of the developer overview, computed from a manifest as far as a manifest can tell.

A fault keeps a manifest out (`plugins.manifest.document`); an item of this list is advice before testing. What only a
person can see is on the list all the same, with the sentence that says how.
"""

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kasilabs.lib.documents import json_pointer, subschemas
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS
from plugins.manifest import tool_text
from plugins.manifest.checks.tool_schemas import open_objects
from plugins.manifest.document import AuthType, Manifest, Tool

SHORTEST_DESCRIPTION = 30
_PLACEHOLDER_NAMES = frozenset(("demo", "example", "my plugin", "plugin", "sample", "test", "untitled"))


class Verdict(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Item:
    """One line of the list. `pointers` are the places in the manifest that `detail` is about."""

    key: str
    verdict: Verdict
    title: str
    detail: str
    pointers: tuple[str, ...] = ()


def of(manifest: Manifest) -> tuple[Item, ...]:
    """The whole list, computed items first."""
    return tuple(check(manifest) for check in _COMPUTED) + tuple(_by_hand())


def _item(key: str, title: str, good: str, bad: str, pointers: list[str]) -> Item:
    if not pointers:
        return Item(key, Verdict.PASS, title, good)
    return Item(key, Verdict.WARN, title, bad, tuple(pointers))


def _identity(manifest: Manifest) -> Item:
    pointers = []
    if manifest.name.casefold() in _PLACEHOLDER_NAMES or manifest.name == manifest.slug:
        pointers.append("/name")
    if manifest.slug.casefold().replace("_", " ") in _PLACEHOLDER_NAMES:
        pointers.append("/slug")
    if len(manifest.description) < SHORTEST_DESCRIPTION:
        pointers.append("/description")
    return _item(
        "identity",
        _("Clear name, slug, version and description"),
        _("All four are there."),
        _("Say in the name and in one sentence of description what the plugin does."),
        pointers,
    )


def _descriptions(manifest: Manifest) -> Item:
    title = _("Every tool has a specific description")
    labels = [f"/tools/{index}/description" for index, tool in _tools(manifest) if tool_text.is_label(tool)]
    if labels:
        detail = _("A label is not enough. Write an instruction: what the tool does and when to use it.")
        return Item("descriptions", Verdict.FAIL, title, detail, tuple(labels))
    vague = [f"/tools/{index}/description" for index, tool in _tools(manifest) if not tool_text.says_when(tool)]
    good = _("Each says what the tool does and when to use it.")
    bad = _('Say when to use the tool: "Use this when a customer asks where their order is."')
    return _item("descriptions", title, good, bad, vague)


def _strict_inputs(manifest: Manifest) -> Item:
    pointers = [
        f"/tools/{index}/inputSchema{pointer}"
        for index, tool in _tools(manifest)
        for pointer in open_objects(tool.input_schema)
    ]
    return _item(
        "strict_inputs",
        _("Every tool has a strict input schema"),
        _("Every object refuses names it does not know."),
        _('Add "additionalProperties": false to these objects, so that a wrong name is refused and not ignored.'),
        pointers,
    )


def _described_inputs(manifest: Manifest) -> Item:
    pointers = [
        f"/tools/{index}/inputSchema{pointer}"
        for index, tool in _tools(manifest)
        for pointer in _undescribed(tool.input_schema)
    ]
    return _item(
        "described_inputs",
        _("Every input is described"),
        _("Each has a description the agent can follow."),
        _("Describe these, so that the agent knows what to fill in."),
        pointers,
    )


def _undescribed(rules: Any) -> Iterator[str]:
    for path, part in subschemas.walk(rules):
        for name, member in part.get("properties", {}).items():
            if isinstance(member, dict) and not {"description", "$ref", "const"} & member.keys():
                yield json_pointer.join((*path, "properties", name))


def _outputs(manifest: Manifest) -> Item:
    pointers = [
        f"/tools/{index}" for index, tool in _tools(manifest) if (tool.output_schema or {}).get("type") != "object"
    ]
    return _item(
        "outputs",
        _("Every tool declares its answer"),
        _("Answers are checked before the agent sees them."),
        _("Add an outputSchema of type object: what does not fit is stopped before the agent sees it."),
        pointers,
    )


def _auth(manifest: Manifest) -> Item:
    return _item(
        "auth",
        _("Calls are authenticated"),
        _("Every call carries a token signed with your secret."),
        _('auth is "none": the plugin works in the sandbox only. Use "secret" and verify the token.'),
        ["/auth/type"] if manifest.auth.type is AuthType.NONE else [],
    )


def _own_permissions(manifest: Manifest) -> Item:
    used = {key for tool in manifest.tools for key in tool.permissions}
    pointers = [
        f"/permissions/{index}/key"
        for index, permission in enumerate(manifest.permissions)
        if not permission.is_bridge and permission.key not in used
    ]
    return _item(
        "own_permissions",
        _("Permissions are its own, and used"),
        _("No permission of the platform is claimed, and every permission belongs to a tool."),
        _("No tool needs these permissions. Name them in a tool or leave them out."),
        pointers,
    )


def _sensitive_tools(manifest: Manifest) -> Item:
    title = _("Sensitive tools need a permission")
    bare = [(index, tool) for index, tool in _tools(manifest) if not tool.permissions]
    grave = [f"/tools/{index}" for index, tool in bare if tool_text.is_grave(tool)]
    if grave:
        detail = _("These delete, overwrite or touch money and declare no permission that an admin could refuse.")
        return Item("sensitive_tools", Verdict.FAIL, title, detail, tuple(grave))
    writing = [f"/tools/{index}" for index, tool in bare if not tool.annotations.read_only]
    good = _("Every tool that changes something declares one.")
    bad = _("These may change something. Declare a permission, or readOnlyHint if they only read.")
    return _item("sensitive_tools", title, good, bad, writing)


def _toolkits(manifest: Manifest) -> Item:
    pointers = [
        f"/permissions/{index}/key"
        for index, permission in enumerate(manifest.permissions)
        if permission.key in BRIDGE_ACTIONS
        and not set(BRIDGE_ACTIONS[permission.key].toolkits) <= set(manifest.required_toolkits)
    ]
    return _item(
        "toolkits",
        _("Toolkits it depends on are named"),
        _("Every bridge permission has its toolkit under requires."),
        _("Name the toolkits of these bridge permissions under requires, so that the merchant grants them too."),
        pointers,
    )


def _invisible(manifest: Manifest) -> Item:
    return _item(
        "invisible_characters",
        _("Nothing is hidden in the text"),
        _("There is no invisible and no direction-changing character."),
        _("Remove the invisible or direction-changing characters: a reader would see another text than the agent."),
        [json_pointer.join(path) for path in _hidden(manifest.document, ())],
    )


def _hidden(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _hidden(name, (*path, name))
            yield from _hidden(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _hidden(item, (*path, str(index)))
    elif isinstance(value, str) and any(unicodedata.category(character) == "Cf" for character in value):
        yield path


def _tools(manifest: Manifest) -> Iterator[tuple[int, Tool]]:
    yield from enumerate(manifest.tools)


_COMPUTED: tuple[Callable[[Manifest], Item], ...] = (
    _identity,
    _descriptions,
    _strict_inputs,
    _described_inputs,
    _outputs,
    _auth,
    _own_permissions,
    _sensitive_tools,
    _toolkits,
    _invisible,
)

_ONLY_BY_HAND = (
    (
        "business_rules",
        gettext_noop("Business rules are checked by your server"),
        gettext_noop("Call each sensitive tool with input that is valid and not allowed, such as an unpaid order."),
    ),
    (
        "token_verification",
        gettext_noop("The endpoint verifies platform tokens"),
        gettext_noop("Send a call without a token, with an expired one and with one for another tool: each gets 401."),
    ),
    (
        "safe_errors",
        gettext_noop("Errors are clear and safe to show"),
        gettext_noop("Make every tool fail once and read code and message in the log: no stack trace, no inner name."),
    ),
    (
        "installed_where_needed",
        gettext_noop("It is installed only where needed"),
        gettext_noop("Look through the installations and remove those nobody uses."),
    ),
    (
        "granted_where_needed",
        gettext_noop("It is granted only to the right numbers"),
        gettext_noop("Open the matrix and compare the numbers with the conversations the tools are for."),
    ),
    (
        "no_leaks",
        gettext_noop("Answers expose no secret and no raw customer identifier"),
        gettext_noop("Read the stored answer of every tool in the log, field by field."),
    ),
)


def _by_hand() -> Iterator[Item]:
    for key, title, detail in _ONLY_BY_HAND:
        yield Item(key, Verdict.BY_HAND, _(title), _(detail))
