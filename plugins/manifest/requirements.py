"""What a plugin requires of a number beside itself, and the workflows it takes part in, as a manifest declares them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kasilabs.toolkits.catalogue import DECISIONS, Toolkit

Json = Mapping[str, Any]

OR = gettext_lazy(" or ")


class RequirementKind(StrEnum):
    """The member of the manifest that says what is required."""

    TOOLKIT = "toolkit"
    PLUGIN = "plugin"
    ACCESS = "access"
    ANY_OF = "anyOf"


@dataclass(frozen=True)
class Requirement:
    """Something that must hold on the number. `name` is a toolkit, a slug or `chat`; `any_of` has two or more."""

    kind: RequirementKind
    name: str = ""
    reason: str = ""
    any_of: tuple["Requirement", ...] = ()

    @classmethod
    def load(cls, document: Json) -> Self:
        kind = next(kind for kind in RequirementKind if kind in document)
        value, reason = document[kind], document.get("reason", "")
        if kind is RequirementKind.ANY_OF:
            return cls(kind, reason=reason, any_of=tuple(cls.load(each) for each in value))
        return cls(kind, value, reason)

    def __str__(self) -> str:
        """Says what is required, as people read it."""
        match self.kind:
            case RequirementKind.ANY_OF:
                return str(OR).join(map(str, self.any_of))
            case RequirementKind.ACCESS:
                return _("somebody who answers its chats")
            case RequirementKind.PLUGIN:
                return _("the plugin %(slug)s") % {"slug": self.name}
            case _:
                return self.name

    def names(self, kind: RequirementKind, name: str) -> bool:
        """Says whether it, or one of its alternatives, is about this toolkit, plugin or access."""
        return any((part.kind, part.name) == (kind, name) for part in self.parts())

    def parts(self) -> Iterator["Requirement"]:
        """Yields what it names one by one: itself, or its alternatives."""
        yield from self.any_of or (self,)


@dataclass(frozen=True)
class Need:
    """A requirement with the names of the tools or permissions that alone need it; without any, the whole plugin does.

    `reasons` are the author's.
    """

    requirement: Requirement
    reasons: tuple[str, ...] = ()
    only_for: tuple[str, ...] = ()


class StepOwner(StrEnum):
    """The member of a workflow step that says who decides there."""

    TOOLKIT = "toolkit"
    PLUGIN = "plugin"
    TOOL = "tool"


@dataclass(frozen=True)
class WorkflowStep:
    """One step; `name` is a toolkit, the slug of another plugin, or a tool of the plugin itself."""

    owner: StepOwner
    name: str
    does: str

    @property
    def decides(self) -> str:
        """Says which decision the owner has for itself."""
        if self.owner is StepOwner.TOOLKIT:
            return str(DECISIONS[Toolkit(self.name)])
        return _("the action it performs")

    @classmethod
    def load(cls, document: Json) -> Self:
        owner = next(owner for owner in StepOwner if owner in document)
        return cls(owner, document[owner], document["does"])


@dataclass(frozen=True)
class Workflow:
    """A sequence across systems, each of which owns its own decision."""

    title: str
    steps: tuple[WorkflowStep, ...]

    @classmethod
    def load(cls, document: Json) -> Self:
        return cls(document["title"], tuple(WorkflowStep.load(each) for each in document["steps"]))
