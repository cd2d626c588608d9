"""What people can be told of: apps register their kinds in AppConfig.ready()."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Kind:
    """One thing to be told of.

    `label` names it in the settings of a person. `sentence` tells it, with the parameters of a notice as
    ``%(name)s``. `is_mailed` says whether somebody who chose nothing gets a mail too.
    """

    name: str
    label: str | Promise
    sentence: str | Promise
    is_mailed: bool = True

    def text(self, parameters: Mapping[str, object]) -> str:
        """Returns the sentence. Raises KeyError for a parameter that is missing."""
        return str(self.sentence) % parameters


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Adds a kind. Raises ValueError when its name is taken."""
    if kind.name in _kinds:
        raise ValueError(f"{kind.name} is registered already")
    _kinds[kind.name] = kind


def registered() -> list[Kind]:
    return list(_kinds.values())


def get(name: str) -> Kind:
    """Returns a kind. Raises KeyError."""
    return _kinds[name]


def text(name: str, parameters: Mapping[str, object]) -> str:
    """Returns what a stored notice says, also when a later version knows its kind or parameters no more."""
    try:
        return get(name).text(parameters)
    except KeyError:
        return _("Something happened that this version cannot describe (%(kind)s).") % {"kind": name}
