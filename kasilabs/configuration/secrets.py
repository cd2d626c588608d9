"""What is decided and known about a secret without its value."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    """What a person decides about one secret. No text in the value itself ever means one of these."""

    KEEP = "keep"
    REPLACE = "replace"
    CLEAR = "clear"


@dataclass(frozen=True)
class SecretChange:
    """A decision about one secret; `text` is the new value of one to replace, and no representation shows it."""

    pointer: str
    action: Action
    text: str = field(default="", repr=False)


@dataclass(frozen=True)
class SecretState:
    """What may be known about a stored secret: everything but the value, its length included."""

    is_set: bool
    hint: str = ""
    set_by: str = ""
    set_at: datetime | None = None
    is_readable: bool = True


NOT_SET = SecretState(is_set=False)
