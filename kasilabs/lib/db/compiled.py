"""Querysets that are compiled once per process.

Django builds a queryset and compiles it to SQL each time it is asked; on the way of a tool call that took more CPU than
all the rest together. A function under `compiled` runs once for each shape of its arguments, with stand-ins for UUIDs
and texts. From then on its SQL is known, and a call only puts its values in the places of the stand-ins.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable, get_related_populators
from django.db.models.sql.compiler import SQLCompiler

P = ParamSpec("P")
Row = TypeVar("Row")
Value = UUID | str
Read = Callable[[Sequence[Any]], Any]


def compiled(build: Callable[P, "QuerySet[Any, Row]"]) -> Callable[P, list[Row]]:
    """Turn a function that builds a queryset from keyword arguments into one that returns its rows.

    The queryset gives models, also with related ones, or tuples. Arguments of type UUID and str are values and must
    reach the SQL as they are; whatever else is passed (None, a flag) decides how the query looks, and each combination
    is compiled on its own. What changes by itself has to be said to the database: `Now()` for the time.
    """
    plans: dict[Hashable, _Plan] = {}

    def rows(**arguments: Any) -> list[Row]:
        connection = connections[DEFAULT_DB_ALIAS]
        shape = (connection.vendor, *(_shape(argument) for argument in arguments.values()))
        plan = plans.get(shape) or plans.setdefault(shape, _plan(build, arguments, connection))
        return cast(list[Row], plan.rows(arguments, connection))

    return cast(Callable[P, list[Row]], rows)


def _is_value(argument: object) -> bool:
    return type(argument) in {UUID, str}


def _shape(argument: Hashable) -> Hashable:
    return type(argument) if _is_value(argument) else argument


@dataclass(frozen=True)
class _Place:
    """Where in the SQL's parameters an argument goes; SQLite stores a UUID as its hexadecimal digits."""

    name: str
    is_hex: bool

    def fill(self, arguments: Mapping[str, Any]) -> Value:
        value: Value = arguments[self.name]
        return value.hex if self.is_hex and isinstance(value, UUID) else value


@dataclass(frozen=True)
class _Plan:
    """A compiled queryset: its SQL, what the database has to be told in its own terms, and how a row is read."""

    sql: str
    parameters: Sequence[object]
    convert: Callable[[Iterable[Sequence[Any]], BaseDatabaseWrapper], Iterable[Sequence[Any]]]
    read: Read

    def rows(self, arguments: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
        filled = [part.fill(arguments) if isinstance(part, _Place) else part for part in self.parameters]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, filled)  # type: ignore[arg-type]
            found = cursor.fetchall()
        return [self.read(row) for row in self.convert(found, connection)]


def _plan(
    build: Callable[..., "QuerySet[Any, Any]"], arguments: Mapping[str, Any], connection: BaseDatabaseWrapper
) -> _Plan:
    stand_ins = {name: _stand_in(argument) for name, argument in arguments.items() if _is_value(argument)}
    queryset = build(**{**arguments, **stand_ins})
    compiler = queryset.query.get_compiler(connection=connection)
    sql, parameters = compiler.as_sql()
    places = {stand_in: _Place(name, is_hex=False) for name, stand_in in stand_ins.items()}
    places |= {each.hex: _Place(name, is_hex=True) for name, each in stand_ins.items() if isinstance(each, UUID)}
    found = [places.get(part, part) if isinstance(part, UUID | str) else part for part in parameters]
    lost = stand_ins.keys() - {part.name for part in found if isinstance(part, _Place)}
    if lost:
        raise TypeError(f"{build.__qualname__}: {', '.join(sorted(lost))} does not reach the SQL as it is")
    makes_models = queryset._iterable_class is ModelIterable
    return _Plan(sql, found, _converter(compiler), _model_reader(compiler) if makes_models else tuple)


def _stand_in(argument: Value) -> Value:
    return uuid4() if isinstance(argument, UUID) else uuid4().hex


def _converter(
    compiler: SQLCompiler,
) -> Callable[[Iterable[Sequence[Any]], BaseDatabaseWrapper], Iterable[Sequence[Any]]]:
    """Return what makes values of Python out of those of the database, column by column."""
    converters = compiler.get_converters([column for column, *_ in compiler.select])

    def convert(rows: Iterable[Sequence[Any]], connection: BaseDatabaseWrapper) -> Iterable[Sequence[Any]]:
        for row in map(list, rows):
            for place, (steps, expression) in converters.items():
                for step in steps:
                    row[place] = step(row[place], expression, connection)
            yield row

    return convert if converters else lambda rows, _connection: rows


def _model_reader(compiler: SQLCompiler) -> Read:
    """Return what makes a model out of a row, with the related ones it was selected with, as a queryset would."""
    select, info = compiler.select, compiler.klass_info
    model: type[Model] = info["model"]
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in select[first:last]]
    populators = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # as in Django 6

    def read(row: Sequence[Any]) -> Model:
        made = model.from_db(DEFAULT_DB_ALIAS, names, row[first:last])
        for populator in populators:
            populator.populate(row, made)
        return made

    return read
