"""INSERT and UPDATE of one row, in SQL that is written once per model: the same values, without compiling them anew.

For rows that every call writes. Nothing here knows defaults of the database, signals or related rows.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, Model


def insert(row: Model) -> None:
    """Insert a row that brings its own primary key. Raises IntegrityError."""
    model = type(row)
    values = [field.pre_save(row, add=True) for field in model._meta.concrete_fields]
    _execute(_insert_sql(model), model._meta.concrete_fields, values)
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: Model, names: tuple[str, ...], *, only_if: tuple[str, object]) -> bool:
    """Write some columns of a row if another still has the value given; tell whether it had."""
    model, (column, value) = type(row), only_if
    fields = _fields(model, (*names, "pk", column))
    values = [getattr(row, field.attname) for field in fields[:-1]]
    return bool(_execute(_update_sql(model, names, column), fields, [*values, value]))


def _execute(sql: str, fields: Sequence["Field[Any, Any]"], values: Sequence[object]) -> int:
    connection = connections[DEFAULT_DB_ALIAS]
    with connection.cursor() as cursor:
        saved = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]
        cursor.execute(sql, saved)
        count: int = cursor.rowcount
    return count


@lru_cache
def _fields(model: type[Model], names: tuple[str, ...]) -> Sequence["Field[Any, Any]"]:
    by_name: dict[str, Any] = {field.name: field for field in model._meta.concrete_fields}
    return [by_name[name] if name != "pk" else model._meta.pk for name in names]


@lru_cache
def _insert_sql(model: type[Model]) -> str:
    columns = [_column(field) for field in model._meta.concrete_fields]
    places = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {_table(model)} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  names of our models


@lru_cache
def _update_sql(model: type[Model], names: tuple[str, ...], column: str) -> str:
    *written, key, only = map(_column, _fields(model, (*names, "pk", column)))
    changes = ", ".join(f"{name} = %s" for name in written)
    return f"UPDATE {_table(model)} SET {changes} WHERE {key} = %s AND {only} = %s"  # noqa: S608  names of our models


def _table(model: type[Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(model._meta.db_table)


def _column(field: "Field[Any, Any]") -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(str(field.column))
