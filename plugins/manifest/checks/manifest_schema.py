"""The JSON Schema of a manifest, served at `/schemas/manifest-v1.json` so that editors complete and check.

It is also the first check of a manifest (`plugins.manifest.checks.run`): closed everywhere, so that nothing unknown
reaches the rules that a schema cannot say. Cases are if/then on one member and never a big anyOf, so that pointers
stay exact.
"""

from typing import Any

from kasilabs.configuration.gate.metaschema import CONFIG_DEFINITIONS
from kasilabs.lib.documents.json_schema import Validator
from kasilabs.toolkits.catalogue import Toolkit
from plugins.manifest.checks.tool_metaschema import TOOL_DEFINITIONS
from plugins.manifest.requirements import RequirementKind, StepOwner

Rules = dict[str, Any]

CONTROLS = r"\u0000-\u001f\u007f-\u009f"
"""The Unicode control characters (category Cc), as the inside of a character class."""

SLUG = "^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$"
TOOL_NAME = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
PERMISSION_KEY = "^[a-z][a-z0-9-]*(:[a-z][a-z0-9_-]*){1,3}$"
SEMVER = (  # semver.org 2.0.0, its own expression without build metadata
    r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(-((0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?$"
)


def _code(pattern: str, least: int, most: int, description: str) -> Rules:
    return {"type": "string", "minLength": least, "maxLength": most, "pattern": pattern, "description": description}


def _line(least: int, most: int, description: str) -> Rules:
    """One line of words: no control character, and something to see."""
    return _code(rf"^[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*$", least, most, description)


def _words(least: int, most: int, description: str) -> Rules:
    return _code(r"\S", least, most, description)


def _address(description: str, scheme: str = "^[Hh][Tt][Tt][Pp][Ss]://") -> Rules:
    rules = {"type": "string", "format": "uri", "maxLength": 2048, "description": description}
    return rules | ({"pattern": scheme} if scheme else {})


def _flag(default: bool, description: str) -> Rules:  # noqa: FBT001
    return {"type": "boolean", "default": default, "description": description}


def _closed(properties: Rules, required: list[str], description: str = "", **more: Any) -> Rules:
    rules = {"type": "object", "properties": properties, "required": required, "additionalProperties": False, **more}
    return rules | ({"description": description} if description else {})


def _list(items: Rules, description: str, **more: Any) -> Rules:
    return {"type": "array", "items": items, "description": description, **more}


def _when(member: str, rule: Rules, then: Rules, otherwise: Rules | None = None) -> Rules:
    case = {"if": {"properties": {member: rule}, "required": [member]}, "then": then}
    return case | ({"else": otherwise} if otherwise else {})


def _ref(name: str) -> Rules:
    return {"$ref": f"#/$defs/{name}"}


AUTHOR = _closed(
    {
        "name": _line(1, 100, "Person or company."),
        "email": {"type": "string", "format": "email", "maxLength": 254, "description": "Where reviewers write to."},
        "url": _address("A page about the author.", "^[Hh][Tt][Tt][Pp][Ss]?://"),
    },
    [],
    "Who answers for this plugin.",
)

OAUTH = _closed(
    {
        "type": {"const": "oauth2"},
        "authorizationUrl": _address("Where a person agrees.", ""),
        "tokenUrl": _address("Where codes become tokens.", ""),
        "revocationUrl": _address("Where tokens are ended.", ""),
        "scopes": _list(_line(1, 200, "One scope."), "What is asked for.", uniqueItems=True),
        "subject": {"enum": ["organization", "customer"], "description": "Whose account it is."},
    },
    ["type", "authorizationUrl", "tokenUrl", "scopes", "subject"],
)

AUTH: Rules = {
    "type": "object",
    "properties": {
        "type": {
            "enum": ["secret", "none", "oauth2"],
            "description": "secret: calls are signed with a secret you keep. none: sandbox only.",
        }
    },
    "required": ["type"],
    "description": "How your endpoint knows that a call comes from KasiLabs.",
    "allOf": [
        _when("type", {"const": "oauth2"}, OAUTH),
        _when("type", {"enum": ["secret", "none"]}, _closed({"type": True}, [])),
    ],
}

PERMISSION = _closed(
    {
        "key": _code(PERMISSION_KEY, 3, 100, "Yours, such as delivery:jobs:create; or a bridge permission."),
        "label": _line(1, 80, "What it allows, in a few words."),
        "description": _words(1, 500, "What it allows, for the person who decides."),
        "default": _flag(default=False, description="Ticked when the plugin is installed."),
        "reason": _words(1, 500, "Why you need it; required for bridge permissions."),
    },
    ["key"],
    "A sensitive thing the plugin does, that an admin grants number by number.",
    allOf=[
        _when(
            "key",
            {"type": "string", "pattern": "^bridge:"},
            {"required": ["reason"]},
            {"required": ["label", "description"]},
        )
    ],
)

EXAMPLE = _closed(
    {
        "message": _words(1, 1000, "What a customer writes."),
        "input": {"type": "object", "description": "The input the agent should send."},
    },
    ["message", "input"],
)

ANNOTATIONS = _closed(
    {
        "title": _line(1, 80, "For people, where the tool itself has no title."),
        "readOnlyHint": _flag(default=False, description="Changes nothing."),
        "destructiveHint": _flag(default=True, description="May delete or overwrite."),
        "idempotentHint": _flag(default=False, description="A second call with the same input changes nothing more."),
        "openWorldHint": _flag(default=True, description="Reaches people or systems beyond your own."),
    },
    [],
    "Hints of the Model Context Protocol.",
)

REQUIRED: Rules = {
    "toolkit": {
        "enum": [toolkit.value for toolkit in Toolkit],
        "description": "Installed for the organization and granted to the number.",
    },
    "plugin": _code(SLUG, 3, 48, "The slug of another plugin: granted to the number, active."),
    "access": {"enum": ["chat"], "description": "chat: somebody answers the chats of the number."},
}
REASON = {"reason": _words(1, 500, "Why, for the person who decides.")}
REQUIRES = _list(
    _closed(
        {
            **REQUIRED,
            "anyOf": _list(
                _closed(REQUIRED | REASON, [], oneOf=[{"required": [name]} for name in REQUIRED]),
                "One of these is enough.",
                minItems=2,
                maxItems=10,
            ),
            **REASON,
        },
        [],
        "Exactly one of toolkit, plugin, access and anyOf.",
        oneOf=[{"required": [kind.value]} for kind in RequirementKind],
    ),
    "What must hold on the same number before the tools work there.",
    maxItems=20,
)

TOOL = _closed(
    {
        "name": _code(TOOL_NAME, 2, 48, "The agent knows it as <slug>__<name>; at most 64 characters together."),
        "title": _line(1, 80, "For people."),
        "description": _words(20, 4096, "An instruction to the agent: what it does and when to use it."),
        "inputSchema": _ref("inputSchema"),
        "outputSchema": _ref("outputSchema"),
        "permissions": _list(
            {"type": "string", "maxLength": 100},
            "Keys of this manifest's permissions that a call needs.",
            uniqueItems=True,
        ),
        "requires": REQUIRES,
        "annotations": ANNOTATIONS,
        "timeoutSeconds": {"type": "integer", "minimum": 1, "maximum": 30, "default": 10},
        "examples": _list(EXAMPLE, "Shown to reviewers and in the console."),
    },
    ["name", "description", "inputSchema"],
    "One action the agent can take.",
)

CONFIGURATION_TEST = _closed(
    {
        "tool": {"type": "string", "description": "The tool that shows whether a configuration works."},
        "input": {"type": "object", "description": "What it is called with."},
        "timeoutSeconds": {"type": "integer", "minimum": 1, "maximum": 10, "default": 10},
        "required": _flag(default=False, description="A configuration is saved only after a pass."),
    },
    ["tool"],
)

WORKFLOWS = _list(
    _closed(
        {
            "title": _line(1, 80, "What is done, such as Paid delivery order."),
            "steps": _list(
                _closed(
                    {
                        "toolkit": REQUIRED["toolkit"],
                        "plugin": _code(SLUG, 3, 48, "The slug of another plugin that decides here."),
                        "tool": {"type": "string", "maxLength": 48, "description": "A tool of this manifest."},
                        "does": _line(1, 200, "What happens in this step."),
                    },
                    ["does"],
                    "One step, and who decides in it.",
                    oneOf=[{"required": [owner.value]} for owner in StepOwner],
                ),
                "In their order.",
                minItems=1,
                maxItems=20,
            ),
        },
        ["title", "steps"],
    ),
    "Sequences across systems that the merchant is shown step by step.",
    maxItems=10,
)

MANIFEST_SCHEMA: Rules = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "KasiLabs plugin manifest, version 1",
    **_closed(
        {
            "$schema": {"type": "string", "maxLength": 2048, "description": "The address of this schema."},
            "slug": _code(SLUG, 3, 48, "The plugin's identifier, such as ACME_CRM; one owner for ever."),
            "version": _code(SEMVER, 1, 64, "Semantic version 2.0 without build metadata; a version never changes."),
            "name": _line(2, 60, "The plugin's name for people."),
            "description": _words(1, 500, "What the plugin does, for the admin who installs it."),
            "author": AUTHOR,
            "tags": _list(
                {"type": "string", "pattern": "^[a-z0-9-]{2,30}$"},
                "Words to find it by.",
                maxItems=10,
                uniqueItems=True,
            ),
            "homepage": _address("A page about the plugin."),
            "baseUrl": _address("Where tool calls are posted to, exactly as written.", ""),
            "auth": AUTH,
            "visibility": {
                "enum": ["agent", "dependency"],
                "default": "agent",
                "description": "dependency: installed for bridges only, tools are never shown to the agent.",
            },
            "requires": REQUIRES,
            "workflows": WORKFLOWS,
            "permissions": _list(PERMISSION, "What an admin grants beside the tools."),
            "configurationSchema": _ref("configurationSchema"),
            "configurationTest": CONFIGURATION_TEST,
            "tools": _list(TOOL, "What the agent can do with this plugin."),
        },
        ["slug", "version", "name", "baseUrl", "auth", "tools"],
        patternProperties={"^x-": True},
        allOf=[
            {
                "if": {"not": {"properties": {"visibility": {"const": "dependency"}}, "required": ["visibility"]}},
                "then": {"properties": {"tools": {"minItems": 1}}},
            }
        ],
    ),
    "$defs": CONFIG_DEFINITIONS | TOOL_DEFINITIONS,
}


def _part(rules: Rules, *left_out: str) -> Validator:
    """Returns the validator of one part of a manifest: what is inside these members is a part of its own."""
    members = dict(rules.get("properties", {}))
    for name in left_out:
        members[name] = {keyword: rule for keyword, rule in members[name].items() if keyword not in ("items", "$ref")}
        members[name].setdefault("type", "object")
    alone = {**rules, "properties": members} if left_out else rules
    return Validator({**alone, "$defs": MANIFEST_SCHEMA["$defs"]}, is_ours=True)


MANIFEST_LISTS = ("requires", "workflows", "permissions")
MANIFEST_PART = _part(MANIFEST_SCHEMA, *MANIFEST_LISTS, "configurationSchema", "tools")
ITEM_PARTS = {name: _part(MANIFEST_SCHEMA["properties"][name]["items"]) for name in MANIFEST_LISTS}
TOOL_PART = _part(TOOL, "inputSchema", "outputSchema")
SCHEMA_PARTS = {member: _part(_ref(member)) for member in ("inputSchema", "outputSchema")}
SUBSCHEMA_PART = _part(_ref("toolSchema"))
CONFIGURATION_PART, FIELD_PART = _part(_ref("configurationSchema")), _part(_ref("configurationField"))
