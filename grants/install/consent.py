"""What a plugin could do with the permissions somebody ticks, in words for people. Pure: a manifest and a choice."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise

from grants.decision import risks
from kasilabs.toolkits.catalogue import BRIDGE_ACTIONS, HIDES_COMMERCE, Toolkit
from plugins.manifest.document import Manifest, PermissionRequest, Tool

Words = str | Promise


@dataclass(frozen=True)
class Ability:
    """The panel beside the wizard. `hides_commerce`: the agent's own shop tools give way to the plugin's."""

    alone: list[Words]
    not_allowed: list[Words]
    hides_commerce: bool


@dataclass(frozen=True)
class Box:
    """One permission to tick: what it touches, and the tools that do not work without it."""

    permission: PermissionRequest
    tags: list[str]
    needed_by: list[str]
    is_ticked: bool


def of(manifest: Manifest, ticked: Collection[str]) -> Ability:
    """Return what the plugin could do on its own, and what it asked for and would not get."""
    free = [words_of(tool) for tool in manifest.offered_tools if not tool.permissions]
    return Ability(
        alone=[*free, *(asked.label for asked in manifest.permissions if asked.key in ticked)],
        not_allowed=[asked.label for asked in manifest.permissions if asked.key not in ticked],
        hides_commerce=any(key.startswith(HIDES_COMMERCE) for key in ticked),
    )


def boxes(manifest: Manifest, ticked: Collection[str]) -> list[Box]:
    """Return the permissions the plugin asks for, in the order of its manifest."""
    return [
        Box(
            permission=asked,
            tags=risks.of_permission(asked.key),
            needed_by=[words_of(tool) for tool in manifest.offered_tools if asked.key in tool.permissions],
            is_ticked=asked.key in ticked,
        )
        for asked in manifest.permissions
    ]


def defaults(manifest: Manifest) -> list[str]:
    """Return the permissions that are ticked at first."""
    return [asked.key for asked in manifest.permissions if asked.default]


def needed_toolkits(manifest: Manifest, ticked: Collection[str]) -> list[Toolkit]:
    """Return the toolkits without which tools or ticked permissions do not work, in the order of the catalogue."""
    reached = {kit for key in ticked if key in BRIDGE_ACTIONS for kit in BRIDGE_ACTIONS[key].toolkits}
    return [kit for kit in Toolkit if kit in reached or kit in manifest.required_toolkits]


def words_of(tool: Tool) -> str:
    """Return what a tool is called among people; without a title, its name as words."""
    return tool.title or tool.name.replace("_", " ").capitalize()
