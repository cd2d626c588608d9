"""What the manifest's schema cannot say about requirements and workflows: one name each, no twins."""

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents.access import objects
from kasilabs.lib.documents.errors import ErrorList
from kasilabs.lib.text import suggestions
from plugins.manifest.requirements import RequirementKind, StepOwner


def check_requirements(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds what is wrong with what the plugin, and each of its tools, requires."""
    slug = document.get("slug")
    _check_list(document, "requires", "", slug, errors)
    for pointer, tool in objects(document, "tools"):
        _check_list(tool, "requires", pointer, slug, errors)


def check_workflows(document: dict[str, Any], errors: ErrorList) -> None:
    """Adds steps that name nobody or several, and tools this manifest does not have."""
    tools = {tool["name"] for _at, tool in objects(document, "tools") if isinstance(tool.get("name"), str)}
    for at, workflow in objects(document, "workflows"):
        for pointer, step in objects(workflow, "steps", at):
            _check_one_name(step, tuple(StepOwner), pointer, errors)
            name = step.get(StepOwner.TOOL)
            if isinstance(name, str) and name not in tools:
                hint = suggestions.did_you_mean(name, tools)
                errors.add(f"{pointer}/tool", "bad_format", _("This manifest has no such tool."), hint)


def _check_list(holder: Mapping[str, Any], member: str, at: str, slug: Any, errors: ErrorList) -> None:
    """Checks a list of requirements, or the alternatives of one of them."""
    seen = set()
    names = tuple(RequirementKind) if member == "requires" else _leaves()
    for pointer, requirement in objects(holder, member, at):
        _check_one_name(requirement, names, pointer, errors)
        if requirement.get(RequirementKind.PLUGIN) == slug and isinstance(slug, str):
            message = _("This is the plugin itself. Name another one.")
            errors.add(f"{pointer}/plugin", "bad_format", message)
        if member == "requires":
            _check_list(requirement, RequirementKind.ANY_OF, pointer, slug, errors)
        if not errors.none_at(pointer):
            continue
        required = _without_reasons(requirement)
        if required in seen:
            errors.add(pointer, "duplicate", _("This stands in the list already."))
        seen.add(required)


def _check_one_name(entry: Mapping[str, Any], names: Collection[str], pointer: str, errors: ErrorList) -> None:
    given = [name for name in names if name in entry]
    if not given:
        message = _("Name one of these: %(names)s.") % {"names": ", ".join(names)}
        errors.add(pointer, "required", message)
    for name in given[1:]:
        message = _("Only one of these may stand here: %(names)s.") % {"names": ", ".join(given)}
        errors.add(f"{pointer}/{name}", "bad_format", message)


def _leaves() -> tuple[str, ...]:
    return tuple(kind for kind in RequirementKind if kind is not RequirementKind.ANY_OF)


def _without_reasons(requirement: Mapping[str, Any]) -> Any:
    """Returns what a sound requirement asks for, to compare it with others; the order of alternatives is no matter."""
    alternatives = requirement.get(RequirementKind.ANY_OF)
    if alternatives is not None:
        return frozenset(map(_without_reasons, alternatives))
    return next((kind, requirement[kind]) for kind in _leaves() if kind in requirement)
