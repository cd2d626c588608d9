"""INSERT and UPDATE of one row by SQL that is written once per model, for the rows that every call writes.

Against `save(force_insert=True)` and a filtered `update()`, which compile the same SQL anew each time, a tool call
spends 0.22 ms less CPU, of 2.0 (measured in turns on 2026-11-27, PostgreSQL: insert 0.09 and 0.15 ms, update 0.09 and
0.25). Nothing here knows database defaults, signals or related rows.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model

ModelField: TypeAlias = "Field[Any, Any]"


def insert(row: Model) -> None:
    """Inserts a row that brings its own primary key. Raises IntegrityError."""
    fields = row._meta.concrete_fields
    _execute(_insert_sql(type(row)), fields, [field.pre_save(row, add=True) for field in fields])
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: Model, names: tuple[str, ...], *, only_if: tuple[str, object]) -> bool:
    """Writes the named columns of a row if another column still has the value given. Returns whether it had."""
    column, expected = only_if
    fields = _fields(type(row), (*names, "pk", column))
    values = [*(getattr(row, field.attname) for field in fields[:-1]), expected]
    return bool(_execute(_update_sql(type(row), names, column), fields, values))


def _execute(sql: str, fields: Sequence[ModelField], values: Sequence[object]) -> int:
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        saved = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]
        cursor.execute(sql, saved)
        count: int = cursor.rowcount
    return count


@lru_cache
def _fields(model: type[Model], names: tuple[str, ...]) -> Sequence[ModelField]:
    by_name: dict[str, Any] = {field.name: field for field in model._meta.concrete_fields}
    return [model._meta.pk if name == "pk" else by_name[name] for name in names]


@lru_cache
def _insert_sql(model: type[Model]) -> str:
    columns = [_quoted(str(field.column)) for field in model._meta.concrete_fields]
    values = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {_quoted(model._meta.db_table)} ({', '.join(columns)}) VALUES ({values})"  # noqa: S608  ours


@lru_cache
def _update_sql(model: type[Model], names: tuple[str, ...], column: str) -> str:
    *written, key, only = (_quoted(str(field.column)) for field in _fields(model, (*names, "pk", column)))
    changes = ", ".join(f"{name} = %s" for name in written)
    return f"UPDATE {_quoted(model._meta.db_table)} SET {changes} WHERE {key} = %s AND {only} = %s"  # noqa: S608  ours


def _quoted(name: str) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(name)
