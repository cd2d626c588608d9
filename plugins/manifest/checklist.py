"""The design checklist of a manifest: a table of what is judged, how, and what to do.

An error keeps a manifest out (`plugins.manifest.checks`); an item of this list is advice before testing. What only a
person can see is on the list all the same, with the sentence that says how.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kasilabs.lib.documents import json_pointer, subschemas
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS
from plugins.manifest import tool_text
from plugins.manifest.checks.tool_schemas import broken_defaults, open_objects
from plugins.manifest.document import AuthType, Manifest, Tool
from plugins.manifest.personal_data import MARK

MIN_DESCRIPTION = 30
MAX_DESCRIPTION = 1_024
_PLACEHOLDER_NAMES = frozenset(("demo", "example", "my plugin", "plugin", "sample", "test", "untitled"))

_PHONE_NAME = re.compile(r"(?<![A-Za-z])(?:tele)?phone|P(?:hone|HONE)(?![a-z])|(?i:msisdn|mobile(?![a-z]))")

Finder = Callable[[Manifest], Iterable[str]]
"""Returns the JSON Pointers of the places in a manifest where something is wrong."""


class Grade(StrEnum):
    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    BY_HAND = "by_hand"


@dataclass(frozen=True)
class Item:
    """One judged line of the list. `pointers` are the places in the manifest that `detail` is about."""

    key: str
    verdict: Grade
    title: str
    detail: str
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """What is wrong at the places that `find` returns, how bad it is, and what to do about it."""

    grade: Grade
    find: Finder
    advice: Promise


@dataclass(frozen=True)
class Check:
    """One line of the table. The first rule that finds something decides; a check without rules is done by hand."""

    key: str
    title: Promise
    detail: Promise
    """What is good when no rule finds anything; for a check by hand, how to do it."""
    rules: Sequence[Rule] = ()

    def judge(self, manifest: Manifest) -> Item:
        for rule in self.rules:
            if pointers := tuple(rule.find(manifest)):
                return Item(self.key, rule.grade, str(self.title), str(rule.advice), pointers)
        return Item(self.key, Grade.PASS if self.rules else Grade.BY_HAND, str(self.title), str(self.detail))


def warn(find: Finder, advice: Promise) -> Rule:
    return Rule(Grade.WARN, find, advice)


def fail(find: Finder, advice: Promise) -> Rule:
    return Rule(Grade.FAIL, find, advice)


def judge(manifest: Manifest, *, long_tools: Collection[str] = ()) -> tuple[Item, ...]:
    """Returns the whole list for a manifest, in the order of the table.

    `long_tools` are the tools that the log has seen long answers of; without a log it is judged by hand.
    """
    answers = SHORT_ANSWERS
    if long_tools:
        advice = _("These gave answers over 8 KiB, and the agent reads every word. Answer with less, or page by page.")
        answers = replace(answers, rules=[warn(_tools_where(lambda tool: tool.name in long_tools), advice)])
    return tuple(check.judge(manifest) for check in (*CHECKLIST, answers))


def _tools_where(is_wrong: Callable[[Tool], bool], member: str = "") -> Finder:
    """Returns the finder of the tools of which something is true; `member` is the place inside the tool."""
    return lambda manifest: (f"/tools/{index}{member}" for index, tool in enumerate(manifest.tools) if is_wrong(tool))


def _input_schemas(places: Callable[[Any], Iterable[str]]) -> Finder:
    """Returns the finder of places in the input schemas of the tools."""
    return lambda manifest: (
        f"/tools/{index}/inputSchema{pointer}"
        for index, tool in enumerate(manifest.tools)
        for pointer in places(tool.input_schema)
    )


def _unclear_identity(manifest: Manifest) -> Iterator[str]:
    if manifest.name.casefold() in _PLACEHOLDER_NAMES or manifest.name == manifest.slug:
        yield "/name"
    if manifest.slug.casefold().replace("_", " ") in _PLACEHOLDER_NAMES:
        yield "/slug"
    if len(manifest.description) < MIN_DESCRIPTION:
        yield "/description"


def _undescribed_properties(schema: Any) -> Iterator[str]:
    for path, part in subschemas.walk(schema):
        for name, member in part.get("properties", {}).items():
            if isinstance(member, dict) and not {"description", "$ref", "const"} & member.keys():
                yield json_pointer.join((*path, "properties", name))


def _unmarked_phones(schema: Any) -> Iterator[str]:
    """Yields the properties whose name says that they are a phone number, and whose schema does not mark them."""
    for path, part in subschemas.walk(schema):
        for name, member in part.get("properties", {}).items():
            if _PHONE_NAME.search(name) and isinstance(member, dict) and not {MARK, "$ref"} & member.keys():
                yield json_pointer.join((*path, "properties", name))


def _null_defaults(schema: Any) -> Iterator[str]:
    return (pointer for pointer, value in broken_defaults(schema) if value is None)


def _broken_defaults(schema: Any) -> Iterator[str]:
    return (pointer for pointer, _value in broken_defaults(schema))


def _unauthenticated_calls(manifest: Manifest) -> Iterator[str]:
    if manifest.auth.type is AuthType.NONE:
        yield "/auth/type"


def _unused_permissions(manifest: Manifest) -> Iterator[str]:
    used = {key for tool in manifest.tools for key in tool.permissions}
    for index, permission in enumerate(manifest.permissions):
        if not permission.is_bridge and permission.key not in used:
            yield f"/permissions/{index}/key"


def _permissions_without_toolkit(manifest: Manifest) -> Iterator[str]:
    named = {part.name for requirement in manifest.all_requirements for part in requirement.parts()}
    used = {key for tool in manifest.tools for key in tool.permissions}
    for index, permission in enumerate(manifest.permissions):
        action = BRIDGE_ACTIONS.get(permission.key)
        if action and permission.key not in used and not named.issuperset(action.toolkits):
            yield f"/permissions/{index}/key"


def _invisible_characters(manifest: Manifest) -> Iterator[str]:
    return map(json_pointer.join, _paths_of_invisible(manifest.document))


def _paths_of_invisible(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _paths_of_invisible(name, (*path, name))
            yield from _paths_of_invisible(member, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths_of_invisible(item, (*path, str(index)))
    elif isinstance(value, str) and any(unicodedata.category(character) == "Cf" for character in value):
        yield path


CHECKLIST = (
    Check(
        "identity",
        _("Clear name, slug, version and description"),
        _("All four are there."),
        [warn(_unclear_identity, _("Say in the name and in one sentence of description what the plugin does."))],
    ),
    Check(
        "descriptions",
        _("Every tool has a specific description"),
        _("Each says what the tool does and when to use it."),
        [
            fail(
                _tools_where(tool_text.is_label, "/description"),
                _("A label is not enough. Write an instruction: what the tool does and when to use it."),
            ),
            warn(
                _tools_where(lambda tool: len(tool.description) > MAX_DESCRIPTION, "/description"),
                _("Some models read the first 1,024 characters only. Say what matters there, and little after it."),
            ),
            warn(
                _tools_where(lambda tool: not tool_text.says_when(tool), "/description"),
                _('Say when to use the tool: "Use this when a customer asks where their order is."'),
            ),
        ],
    ),
    Check(
        "strict_inputs",
        _("Every tool has a strict input schema"),
        _("Every object refuses names it does not know."),
        [
            warn(
                _input_schemas(open_objects),
                _(
                    'Add "additionalProperties": false to these objects, '
                    "so that a wrong name is refused and not ignored."
                ),
            )
        ],
    ),
    Check(
        "described_inputs",
        _("Every input is described"),
        _("Each has a description the agent can follow."),
        [warn(_input_schemas(_undescribed_properties), _("Describe these, so that the agent knows what to fill in."))],
    ),
    Check(
        "personal_inputs",
        _("Phone numbers are marked"),
        _("No input that looks like a phone number lacks its mark."),
        [
            warn(
                _input_schemas(_unmarked_phones),
                _(
                    'Write "x-personal": "phone" where the number is the customer\'s. '
                    "Without it the number is masked, or the call is refused."
                ),
            )
        ],
    ),
    Check(
        "defaults",
        _("Every default fits its own schema"),
        _("An agent that sends a default is not refused for it."),
        [
            warn(
                _input_schemas(_null_defaults),
                _('These defaults are null where null is not taken. Write "type": [.., "null"], or leave them out.'),
            ),
            warn(
                _input_schemas(_broken_defaults),
                _("These defaults break the rules they stand beside. An agent that sends one is refused."),
            ),
        ],
    ),
    Check(
        "outputs",
        _("Every tool declares its answer"),
        _("Answers are checked before the agent sees them."),
        [
            warn(
                _tools_where(lambda tool: (tool.output_schema or {}).get("type") != "object"),
                _("Add an outputSchema of type object: what does not fit is stopped before the agent sees it."),
            )
        ],
    ),
    Check(
        "auth",
        _("Calls are authenticated"),
        _("Every call carries a token signed with your secret."),
        [
            warn(
                _unauthenticated_calls,
                _('auth is "none": the plugin works in the sandbox only. Use "secret" and verify the token.'),
            )
        ],
    ),
    Check(
        "own_permissions",
        _("Permissions are its own, and used"),
        _("No permission of the platform is claimed, and every permission belongs to a tool."),
        [warn(_unused_permissions, _("No tool needs these permissions. Name them in a tool or leave them out."))],
    ),
    Check(
        "sensitive_tools",
        _("Sensitive tools need a permission"),
        _("Every tool that changes something declares one."),
        [
            fail(
                _tools_where(lambda tool: not tool.permissions and tool_text.is_dangerous(tool)),
                _("These delete, overwrite or touch money and declare no permission that an admin could refuse."),
            ),
            warn(
                _tools_where(lambda tool: not tool.permissions and not tool.annotations.read_only),
                _("These may change something. Declare a permission, or readOnlyHint if they only read."),
            ),
        ],
    ),
    Check(
        "toolkits",
        _("Toolkits it depends on are named"),
        _("Every bridge permission belongs to a tool, or has its toolkits under requires."),
        [
            warn(
                _permissions_without_toolkit,
                _(
                    "No tool names these bridge permissions. Name their toolkits under requires, "
                    "so that the merchant grants them too."
                ),
            )
        ],
    ),
    Check(
        "invisible_characters",
        _("Nothing is hidden in the text"),
        _("There is no invisible and no direction-changing character."),
        [
            warn(
                _invisible_characters,
                _(
                    "Remove the invisible or direction-changing characters: "
                    "a reader would see another text than the agent."
                ),
            )
        ],
    ),
    Check(
        "business_rules",
        _("Business rules are checked by your server"),
        _("Call each sensitive tool with input that is valid and not allowed, such as an unpaid order."),
    ),
    Check(
        "token_verification",
        _("The endpoint verifies platform tokens"),
        _("Send a call without a token, with an expired one and with one for another tool: each gets 401."),
    ),
    Check(
        "safe_errors",
        _("Errors are clear and safe to show"),
        _("Make every tool fail once and read code and message in the log: no stack trace, no inner name."),
    ),
    Check(
        "installed_where_needed",
        _("It is installed only where needed"),
        _("Look through the installations and remove those nobody uses."),
    ),
    Check(
        "granted_where_needed",
        _("It is granted only to the right numbers"),
        _("Open the matrix and compare the numbers with the conversations the tools are for."),
    ),
    Check(
        "no_leaks",
        _("Answers expose no secret and no raw customer identifier"),
        _("Read the stored answer of every tool in the log, field by field."),
    ),
)
"""Computed checks first, then those that are done by hand."""

SHORT_ANSWERS = Check(
    "short_answers",
    _("Answers are short"),
    _("Call every tool with input that finds much: an answer over 8 KiB is marked long in the log."),
)
"""The last line: what no manifest tells."""
