"""Manifest v1 (docs/authors/manifest.md) as the rest of the platform sees it.

`parse` reads what an author sent and lists every error; `load` rebuilds a stored snapshot that was checked before.
Nothing here knows a table or the network.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Self

from django.utils.functional import Promise

from kasilabs.configuration.schema import ConfigSchema
from kasilabs.lib.documents import canonical_json, json_schema, unsent_members
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, Toolkit
from plugins.manifest import personal_data
from plugins.manifest.checks.run import check_manifest
from plugins.manifest.personal_data import PersonalData
from plugins.manifest.requirements import Need, Requirement, RequirementKind, Workflow

BRIDGE_PREFIX = "bridge:"
DEFAULT_TIMEOUT_SECONDS = 10

Json = Mapping[str, Any]


class AuthType(StrEnum):
    """How a plugin knows that a call is ours; `none` is for sandboxes only."""

    SECRET = "secret"
    NONE = "none"
    OAUTH2 = "oauth2"


class Visibility(StrEnum):
    """`dependency`: installed for bridges only, its tools are never shown to the agent."""

    AGENT = "agent"
    DEPENDENCY = "dependency"


@dataclass(frozen=True)
class Author:
    name: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True)
class Auth:
    """The OAuth members are empty unless `type` is oauth2."""

    type: AuthType
    authorization_url: str = ""
    token_url: str = ""
    revocation_url: str = ""
    scopes: tuple[str, ...] = ()
    subject: str = ""

    @classmethod
    def load(cls, document: Json) -> Self:
        return cls(
            type=AuthType(document["type"]),
            authorization_url=document.get("authorizationUrl", ""),
            token_url=document.get("tokenUrl", ""),
            revocation_url=document.get("revocationUrl", ""),
            scopes=tuple(document.get("scopes", ())),
            subject=document.get("subject", ""),
        )


@dataclass(frozen=True)
class PermissionRequest:
    """A permission the plugin asks for. The words of a bridge permission are the platform's, translated when shown."""

    key: str
    label: str | Promise
    description: str | Promise
    default: bool
    reason: str | None
    is_bridge: bool

    @classmethod
    def load(cls, document: Json) -> Self:
        key = document["key"]
        action = BRIDGE_ACTIONS.get(key)
        return cls(
            key=key,
            label=action.label if action else document.get("label", key),
            description=action.description if action else document.get("description", ""),
            default=document.get("default", False),
            reason=document.get("reason"),
            is_bridge=key.startswith(BRIDGE_PREFIX),
        )


@dataclass(frozen=True)
class ConfigurationTest:
    """The call that shows whether a configuration works; `required` asks for a pass before saving."""

    tool: str
    input: Json
    timeout_seconds: int
    required: bool

    @classmethod
    def load(cls, document: Json) -> Self:
        return cls(
            tool=document["tool"],
            input=document.get("input", {}),
            timeout_seconds=document.get("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS),
            required=document.get("required", False),
        )


@dataclass(frozen=True)
class Annotations:
    """MCP's tool hints with MCP's defaults; `raw` is what the author wrote, a title for people included."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    raw: Json = field(repr=False)

    @classmethod
    def load(cls, document: Json) -> Self:
        return cls(
            read_only=document.get("readOnlyHint", False),
            destructive=document.get("destructiveHint", True),
            idempotent=document.get("idempotentHint", False),
            open_world=document.get("openWorldHint", True),
            raw=document,
        )


@dataclass(frozen=True)
class Example:
    """What a customer might write, and the input the agent should make of it."""

    message: str
    input: Json


@dataclass(frozen=True)
class Tool:
    name: str
    title: str
    description: str
    input_schema: Json
    output_schema: Json | None
    permissions: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    annotations: Annotations
    timeout_seconds: int
    examples: tuple[Example, ...]

    @classmethod
    def load(cls, document: Json) -> Self:
        return cls(
            name=document["name"],
            title=document.get("title") or document.get("annotations", {}).get("title", ""),
            description=document["description"],
            input_schema=document["inputSchema"],
            output_schema=document.get("outputSchema"),
            permissions=tuple(document.get("permissions", ())),
            requirements=tuple(Requirement.load(each) for each in document.get("requires", ())),
            annotations=Annotations.load(document.get("annotations", {})),
            timeout_seconds=document.get("timeoutSeconds", DEFAULT_TIMEOUT_SECONDS),
            examples=tuple(Example(each["message"], each["input"]) for each in document.get("examples", ())),
        )

    @property
    def label(self) -> str:
        """What the tool is called among people: its title, else its name as words."""
        return self.title or self.name.replace("_", " ").capitalize()

    @cached_property
    def input_validator(self) -> json_schema.Validator:
        return json_schema.compile(self.input_schema)

    def input_sent_on(self, given: Json) -> dict[str, Any]:
        """Returns the input of a call as it is checked and sent on: optional members sent as null are left out."""
        sent_on: dict[str, Any] = unsent_members.leave_out(given, self.input_validator.resolved)
        return sent_on

    @cached_property
    def personal_data(self) -> tuple[PersonalData, ...]:
        """What its input schema marks as personal."""
        return personal_data.marks(self.input_validator.resolved)

    @cached_property
    def output_validator(self) -> json_schema.Validator | None:
        return json_schema.compile(self.output_schema) if self.output_schema is not None else None


@dataclass(frozen=True)
class ToolRequirements:
    """What a call of a tool requires, of the tool itself, its plugin and its bridges.

    `toolkits` are all needed; `others` are plugins, access and alternatives.
    """

    toolkits: tuple[Toolkit, ...]
    others: tuple[Requirement, ...]


@dataclass(frozen=True)
class Manifest:
    slug: str
    version: str
    name: str
    description: str
    author: Author
    tags: tuple[str, ...]
    homepage: str
    base_url: str
    auth: Auth
    visibility: Visibility
    requirements: tuple[Requirement, ...]
    workflows: tuple[Workflow, ...]
    permissions: tuple[PermissionRequest, ...]
    configuration: ConfigSchema
    configuration_test: ConfigurationTest | None
    tools: tuple[Tool, ...]
    document: Json = field(repr=False)
    digest: str

    @property
    def offered_tools(self) -> tuple[Tool, ...]:
        """The tools an agent can be offered: none of a plugin that others use through bridges."""
        return self.tools if self.visibility is Visibility.AGENT else ()

    @property
    def default_permissions(self) -> list[str]:
        """The keys that are ticked when nobody chose any."""
        return [permission.key for permission in self.permissions if permission.default]

    @cached_property
    def all_requirements(self) -> tuple[Requirement, ...]:
        """What the plugin requires, then what each tool requires for itself."""
        return self.requirements + tuple(each for tool in self.tools for each in tool.requirements)

    @cached_property
    def required_kinds(self) -> frozenset[RequirementKind]:
        """What the plugin or one of its tools asks for, alone or as an alternative."""
        return frozenset(part.kind for requirement in self.all_requirements for part in requirement.parts())

    def requirements_of(self, tool: Tool) -> ToolRequirements:
        """Returns what a call of one of its tools requires."""
        return self._requirements_of_tools[tool.name]

    def needs(self, permissions: Collection[str], tools: Iterable[Tool] | None = None) -> list[Need]:
        """Returns all that the plugin needs on a number for these permissions and these of its tools, by default all.

        First what it requires, then what single tools do, then the toolkits that bridge permissions reach.
        """
        tools = self.tools if tools is None else tools
        needs = [Need(each, _reasons(each)) for each in self.requirements]
        needs += [Need(each, _reasons(each), (tool.label,)) for tool in tools for each in tool.requirements]
        asked = [each for each in self.permissions if each.key in permissions and each.key in BRIDGE_ACTIONS]
        for toolkit in _toolkits((), [each.key for each in asked]):
            reaching = [each for each in asked if toolkit in BRIDGE_ACTIONS[each.key].toolkits]
            requirement = Requirement(RequirementKind.TOOLKIT, toolkit.value)
            if all(need.requirement != replace(requirement, reason=need.requirement.reason) for need in needs):
                reasons = tuple(each.reason for each in reaching if each.reason)
                needs.append(Need(requirement, reasons, tuple(str(each.label) for each in reaching)))
        return needs

    @property
    def all_needs(self) -> list[Need]:
        """What it needs where it has every permission it asks for."""
        return self.needs([permission.key for permission in self.permissions])

    def tool(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def permission(self, key: str) -> PermissionRequest | None:
        return self._permissions.get(key)

    @cached_property
    def _requirements_of_tools(self) -> dict[str, ToolRequirements]:
        return {
            tool.name: ToolRequirements(
                toolkits=tuple(_toolkits(self.requirements + tool.requirements, tool.permissions)),
                others=tuple(
                    each for each in self.requirements + tool.requirements if each.kind is not RequirementKind.TOOLKIT
                ),
            )
            for tool in self.tools
        }

    @cached_property
    def _tools(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.tools}

    @cached_property
    def _permissions(self) -> dict[str, PermissionRequest]:
        return {permission.key: permission for permission in self.permissions}


def _toolkits(requirements: Iterable[Requirement], permissions: Iterable[str]) -> list[Toolkit]:
    """Returns the toolkits that these cannot do without, in the catalogue's order; no alternatives are among them."""
    needed = {each.name for each in requirements if each.kind is RequirementKind.TOOLKIT}
    needed |= {kit for key in permissions if key in BRIDGE_ACTIONS for kit in BRIDGE_ACTIONS[key].toolkits}
    return [kit for kit in Toolkit if kit in needed]


def _reasons(requirement: Requirement) -> tuple[str, ...]:
    """Returns the reason of a requirement and those of its alternatives."""
    return tuple(each.reason for each in (requirement, *requirement.any_of) if each.reason)


def agent_name(slug: str, tool: str) -> str:
    """Returns the name an agent knows a tool by; at most 64 characters, the limit of the model vendors."""
    return f"{slug.lower()}__{tool}"


def parse(raw: bytes, *, is_allowed_host: Callable[[str, int], bool]) -> Manifest:
    """Returns an author's manifest. Raises BadManifest with every error.

    `is_allowed_host(host, port)` says which hosts may be private, loopback or plain http.
    """
    document = check_manifest(raw, is_allowed_host=is_allowed_host)
    return load(document, canonical_json.digest(document))


def load(document: Json, digest: str) -> Manifest:
    """Returns the manifest of a document that `parse` has accepted before; nothing is checked again."""
    test = document.get("configurationTest")
    return Manifest(
        slug=document["slug"],
        version=document["version"],
        name=document["name"],
        description=document.get("description", ""),
        author=Author(**document.get("author", {})),
        tags=tuple(document.get("tags", ())),
        homepage=document.get("homepage", ""),
        base_url=document["baseUrl"],
        auth=Auth.load(document["auth"]),
        visibility=Visibility(document.get("visibility", Visibility.AGENT)),
        requirements=tuple(Requirement.load(each) for each in document.get("requires", ())),
        workflows=tuple(Workflow.load(each) for each in document.get("workflows", ())),
        permissions=tuple(PermissionRequest.load(each) for each in document.get("permissions", ())),
        configuration=ConfigSchema.compile(document.get("configurationSchema", {})),
        configuration_test=ConfigurationTest.load(test) if test else None,
        tools=tuple(Tool.load(each) for each in document["tools"]),
        document=document,
        digest=digest,
    )
