"""The one encrypted column type.

The attribute of a row holds the sealed text; `seal` and `reveal` are the only ways in and out, so that opening a value
is always a line somebody wrote. The row needs its primary key before `seal`: it is part of the associated data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models

from kasilabs.lib.crypto import aes

CannotOpen = aes.CannotOpen

if TYPE_CHECKING:
    TextField = models.TextField[str, str]
else:
    TextField = models.TextField
primary_key_id = aes.primary_key_id


class EncryptedField(TextField):
    """Text sealed with AES-256-GCM, bound to table, column, row and the columns named in `bound_to`."""

    def __init__(self, *args: object, bound_to: tuple[str, ...] = (), **kwargs: object) -> None:
        self.bound_to = bound_to
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def deconstruct(self) -> tuple[str, str, list[object], dict[str, object]]:
        name, path, args, kwargs = super().deconstruct()
        return name, path, list(args), {**kwargs, "bound_to": self.bound_to}

    def place(self, row: models.Model) -> list[str]:
        """Returns what a value in this row is bound to."""
        bound = [str(getattr(row, attribute)) for attribute in self.bound_to]
        return [self.model._meta.db_table, str(self.column), str(row.pk), *bound]


def _field(row: models.Model, name: str) -> EncryptedField:
    field = row._meta.get_field(name)
    if not isinstance(field, EncryptedField):
        raise TypeError(f"{name} is not an encrypted column")
    return field


def seal(row: models.Model, name: str, plaintext: str) -> None:
    """Puts `plaintext` into the column `name` of an unsaved or saved row; the caller saves it."""
    setattr(row, name, aes.encrypt(plaintext, _field(row, name).place(row)))


def reveal(row: models.Model, name: str) -> str:
    """Opens the column `name`. Raises CannotOpen."""
    return aes.decrypt(getattr(row, name), _field(row, name).place(row))


def columns() -> Iterator[tuple[type[models.Model], EncryptedField]]:
    """Yields every encrypted column of the project."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, EncryptedField):
                yield model, field


@dataclass(frozen=True)
class Rotated:
    """What one pass over a column did: values moved, values that cannot be opened, values of other keys that remain."""

    moved: int
    unreadable: int
    left: int


def rotate(model: type[models.Model], field: EncryptedField, *, batch: int = 500) -> Rotated:
    """Encrypts again all values of a column that another key than the primary one sealed.

    It may run again, and twice at once.
    """
    moved = unreadable = 0
    primary = f"{aes.VERSION}.{primary_key_id()}."
    values = model._default_manager.exclude(**{field.name: ""})
    stale = values.exclude(**{f"{field.name}__startswith": primary})
    for row in stale.order_by("pk").iterator(chunk_size=batch):
        before = getattr(row, field.attname)
        try:
            seal(row, field.name, reveal(row, field.name))
        except CannotOpen:
            unreadable += 1
            continue
        same = model._default_manager.filter(**{"pk": row.pk, field.name: before})
        moved += same.update(**{field.name: getattr(row, field.attname)})
    return Rotated(moved, unreadable, left=stale.count())
