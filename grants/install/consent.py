"""What a plugin can do with the permissions somebody ticks, in words for people. Pure: a manifest and a choice."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.functional import Promise

from grants.decision import risks
from kasilabs.toolkits.catalogue import HIDES_COMMERCE
from plugins.manifest.document import Manifest, PermissionRequest


@dataclass(frozen=True)
class ConsentSummary:
    """The panel beside the steps. `hides_commerce`: the agent's own shop tools give way to the plugin's."""

    allowed: list[str | Promise]
    not_allowed: list[str | Promise]
    hides_commerce: bool


@dataclass(frozen=True)
class PermissionOption:
    """One permission to tick: what it touches, and the tools that do not work without it."""

    permission: PermissionRequest
    tags: list[str]
    needed_by: list[str]


def summarize(manifest: Manifest, ticked: Collection[str]) -> ConsentSummary:
    """Returns what the plugin can do on its own, and what it asked for and does not get."""
    free = [tool.label for tool in manifest.offered_tools if not tool.permissions]
    return ConsentSummary(
        allowed=[*free, *(asked.label for asked in manifest.permissions if asked.key in ticked)],
        not_allowed=[asked.label for asked in manifest.permissions if asked.key not in ticked],
        hides_commerce=any(key.startswith(HIDES_COMMERCE) for key in ticked),
    )


def permission_options(manifest: Manifest) -> list[PermissionOption]:
    """Returns the permissions the plugin asks for, in the order of its manifest."""
    return [
        PermissionOption(
            permission=asked,
            tags=risks.of_permission(manifest, asked.key),
            needed_by=[tool.label for tool in manifest.offered_tools if asked.key in tool.permissions],
        )
        for asked in manifest.permissions
    ]
