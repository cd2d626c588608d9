"""What an effect is about: a toolkit registers one kind for each of its tables that has effects."""

from collections.abc import Callable
from dataclasses import dataclass

from kasilabs.lib.money import Money
from kasilabs.toolkits.effects.models import Effect
from kasilabs.toolkits.providers.base import Answer, Request


@dataclass(frozen=True)
class Kind:
    """How the machine reaches the row an effect belongs to.

    `request` reads what the provider is asked. `settle` writes what its answer means, in the transaction that writes it
    to the effect. `amount` is what has to be moved, where the effect moves money.
    """

    name: str
    request: Callable[[Effect], Request]
    settle: Callable[[Effect, Answer], None]
    amount: Callable[[Effect], Money | None] = lambda _effect: None


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Adds a kind; apps call this in AppConfig.ready(). Raises ValueError for a second one of the same name."""
    if kind.name in _kinds:
        raise ValueError(f"{kind.name} is registered already")
    _kinds[kind.name] = kind


def of(effect: Effect) -> Kind:
    """Returns the kind of an effect. Raises LookupError."""
    return _kinds[effect.kind]
