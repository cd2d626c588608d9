"""What of an input a plugin is told: the customer's phone number only where the tool's schema says that it gets one.

The input has passed the schema as it was sent. Then the number is masked wherever the schema does not mark the place
`x-personal: phone`. Where it cannot be masked, because the schema takes nothing else there or the number is the name of
a member, the call is refused.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from kasilabs.lib.documents import json_pointer
from kasilabs.lib.documents.json_schema import SchemaViolation
from kasilabs.lib.documents.resolved_schema import SchemaWalk
from kasilabs.lib.documents.texts import texts
from kasilabs.lib.text.encodings import is_encoded
from kasilabs.lib.text.sensitive import Sensitive
from plugins.manifest import personal_data
from plugins.manifest.document import Tool
from plugins.manifest.personal_data import PersonalData

MASK = "[phone hidden]"
MAX_POINTERS = 100
MAX_POINTER_CHARACTERS = 8 * 1024
ROOT = "/input"


class CannotMask(Exception):
    """The input holds the customer's phone number where the tool is not told it and nothing can stand in its place."""

    def __init__(self, violations: Sequence[SchemaViolation]) -> None:
        super().__init__("the input cannot be masked")
        self.violations = violations


@dataclass(frozen=True, repr=False)
class ToldInput:
    """An input as the plugin gets it, the places that are masked in it, and the phone numbers that are left in it."""

    value: dict[str, Any]
    masked: list[str]
    phones: tuple[str, ...]


def mask(tool: Tool, given: dict[str, Any], *, customer_phones: Collection[str], phones: Collection[str]) -> ToldInput:
    """Returns what the plugin is told of an input. Raises CannotMask.

    `customer_phones` are masked; `phones` are all that the guard of the answer would look for.
    """
    if not phones or _is_without(given, phones):
        return ToldInput(given, [], ())
    walk = SchemaWalk(tool.input_validator.resolved)
    masking = _Masking(Sensitive(secrets=(), phones=customer_phones, only_known=True))
    value = masking.value(given, _Place(walk)) if customer_phones else given
    if masking.places or masking.named:
        _check_masked(tool, value, masking)
    left = tuple(phone for phone in phones if not _is_without(value, [phone]))
    return ToldInput(value, _pointers(masking.places), left)


def _is_without(value: Any, phones: Collection[str]) -> bool:
    """Says whether none of the numbers is in a value; quickly where the value as one text shows it."""
    sensitive = Sensitive(secrets=(), phones=phones, only_known=True)
    text = json.dumps(value, ensure_ascii=False)
    if not is_encoded(text) and not sensitive.find(text):
        return True
    return not any(sensitive.find(each) for _path, each in texts(value))


def _check_masked(tool: Tool, value: dict[str, Any], masking: "_Masking") -> None:
    """Raises CannotMask for names with a number in them, and for masked places that break the schema."""
    message = _("The customer’s phone number is not told here. Leave it out.")
    faults = {json_pointer.split(fault.pointer) for fault in tool.input_validator.violations(value)}
    masked = [place.path for place in masking.places]
    below = [path for path in masked if any(path[:length] in faults for length in range(len(path) + 1))]
    broken = [*masking.named, *((below or masked) if faults else ())]
    if broken:
        raise CannotMask([SchemaViolation(_pointer(path), "personal", message) for path in broken[:MAX_POINTERS]])


@dataclass(frozen=True)
class _Place:
    """A place in a value, with the schemas that apply there: they are looked up where a number stands, not before."""

    walk: SchemaWalk
    parent: "_Place | None" = None
    member: str | int = ""

    @cached_property
    def schemas(self) -> list[Mapping[str, Any]]:
        if self.parent is None:
            return self.walk.root
        return self.walk.below(self.parent.schemas, self.member)

    @property
    def path(self) -> tuple[str, ...]:
        return (*self.parent.path, str(self.member)) if self.parent else ()

    def at(self, member: str | int) -> "_Place":
        return _Place(self.walk, self, member)


@dataclass
class _Masking:
    """One walk over an input: the places that were masked, and the paths of members whose name is a number."""

    sensitive: Sensitive
    places: list[_Place] = field(default_factory=list)
    named: list[tuple[str, ...]] = field(default_factory=list)
    phone_taken: dict[int, bool] = field(default_factory=dict)
    """Whether some schemas, by their list, mark a phone number: places with the same schemas share the list."""

    def value(self, value: Any, place: _Place) -> Any:
        if isinstance(value, dict):
            self.named += [place.at(name).path for name in value if self.sensitive.find(name)]
            return {name: self.value(member, place.at(name)) for name, member in value.items()}
        if isinstance(value, list):
            return [self.value(item, place.at(index)) for index, item in enumerate(value)]
        if not any(self.sensitive.find(text) for _path, text in texts(value)) or self._takes_phone(place.schemas):
            return value
        self.places.append(place)
        if not isinstance(value, str):
            return MASK
        rest = self.sensitive.without_phones(value, MASK)
        # In an encoding the number cannot be told from the words around it.
        return MASK if self.sensitive.find(rest) else rest

    def _takes_phone(self, schemas: list[Mapping[str, Any]]) -> bool:
        if id(schemas) not in self.phone_taken:
            marks = map(personal_data.mark, schemas)
            self.phone_taken[id(schemas)] = PersonalData.PHONE in marks
        return self.phone_taken[id(schemas)]


def _pointers(places: Sequence[_Place]) -> list[str]:
    """Returns where an input was masked; of very many places, as many as an answer can name."""
    pointers, length = [], 0
    for place in places[:MAX_POINTERS]:
        pointer = _pointer(place.path)
        length += len(pointer)
        if length > MAX_POINTER_CHARACTERS:
            break
        pointers.append(pointer)
    return pointers


def _pointer(path: tuple[str, ...]) -> str:
    return ROOT + json_pointer.join(path)
