"""Whether an effect may still be sent: asked of the apps above, which know on whose behalf it was prepared.

Between the commit that prepares an effect and the sending, a process may die and a plugin be suspended. The worker that
finds the effect asks again. What may have been sent already stays unknown then, until its outcome has been found out.
"""

from collections.abc import Callable

from kasilabs.toolkits.effects.models import Effect

Permit = Callable[[Effect], str]
"""Returns a stable code of why an effect may not be sent, or an empty text."""

_permits: list[Permit] = []


def register(permit: Permit) -> None:
    """Adds a question; apps call this in AppConfig.ready()."""
    _permits.append(permit)


def refusal(effect: Effect) -> str:
    """Returns the code of the first no, or an empty text."""
    return next((code for permit in _permits if (code := permit(effect))), "")
