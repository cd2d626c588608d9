"""Querysets that are compiled once per process.

Django builds a queryset and compiles it to SQL each time it is asked; on the way of a tool call that took more CPU than
all the rest together. A function under `compiled` runs once for each shape of its arguments, with stand-ins for UUIDs
and texts. From then on its SQL is known, and a call only puts its values in the places of the stand-ins.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

P = ParamSpec("P")
Row = TypeVar("Row")
Value = UUID | str


def compiled(build: Callable[P, "QuerySet[Any, Row]"]) -> Callable[P, list[Row]]:
    """Turn a function that builds a queryset from keyword arguments into one that returns its rows.

    Arguments of type UUID and str are values; whatever else is passed (None, a flag, a tuple of names) decides how the
    query looks, and each combination is compiled on its own. Values must reach the SQL as they are.
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
    """A compiled queryset: its SQL, and what its compiler knew once it had made it."""

    queryset: "QuerySet[Any, Any]"
    sql: str
    parameters: Sequence[object]
    known: dict[str, Any]

    def rows(self, arguments: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
        filled = [part.fill(arguments) if isinstance(part, _Place) else part for part in self.parameters]
        compiler = self.queryset.query.get_compiler(connection=connection)
        vars(compiler).update(self.known, as_sql=lambda: (self.sql, filled))
        reader: Any = self.queryset._iterable_class
        return list(reader(_Asked(_Query(compiler), self.queryset.model)))


@dataclass(frozen=True)
class _Query:
    compiler: SQLCompiler

    def get_compiler(self, using: str | None = None) -> SQLCompiler:  # noqa: ARG002
        return self.compiler


@dataclass(frozen=True)
class _Asked:
    """All that Django's readers of rows want to know of a queryset."""

    query: _Query
    model: Any
    db: str = DEFAULT_DB_ALIAS
    _known_related_objects: dict[str, Any] = field(default_factory=dict)


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
    known = {name: value for name, value in vars(compiler).items() if name != "connection"}
    return _Plan(queryset, sql, found, known)


def _stand_in(argument: Value) -> Value:
    return uuid4() if isinstance(argument, UUID) else uuid4().hex
