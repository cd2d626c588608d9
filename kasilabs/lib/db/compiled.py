"""Querysets that are compiled to SQL once per process; only here do we reach into Django's SQL compiler.

Django builds a queryset and compiles it each time it is asked. For a tool call that took 4.8 of 7.3 ms of CPU, for a
tool list 2.4 of 3.0 ms (measured in turns on 2026-11-27). A function under `compiled` builds its queryset once for each
shape of its arguments, with placeholders for UUIDs and texts; after that, a call only puts its values where the
placeholders are.

It holds for Django 5.2; tests/lib/test_compiled.py says so when the version changes.
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
ConvertRows = Callable[[Iterable[Sequence[Any]], BaseDatabaseWrapper], Iterable[Sequence[Any]]]
ReadRow = Callable[[Sequence[Any]], Any]


def compiled(build: Callable[P, "QuerySet[Any, Row]"]) -> Callable[P, list[Row]]:
    """Turns a function that builds a queryset from keyword arguments into one that returns its rows.

    The queryset yields models, also with related ones, or tuples. Arguments of type UUID and str are values and must
    reach the SQL unchanged. Any other argument (None, a flag) decides what the queryset looks like, and each
    combination is compiled on its own. What changes by itself has to be asked of the database: `Now()` for the time.
    """
    queries: dict[Hashable, _CompiledQuery] = {}

    def rows(**arguments: Any) -> list[Row]:
        connection = connections[DEFAULT_DB_ALIAS]
        shape = (
            connection.vendor,
            *(type(argument) if _is_value(argument) else argument for argument in arguments.values()),
        )
        query = queries.get(shape) or queries.setdefault(shape, _compile(build, arguments, connection))
        return cast(list[Row], query.rows(arguments, connection))

    return cast(Callable[P, list[Row]], rows)


def _is_value(argument: object) -> bool:
    return type(argument) in {UUID, str}


@dataclass(frozen=True)
class _Parameter:
    """A parameter of the SQL that is an argument; SQLite stores a UUID as its hexadecimal digits."""

    name: str
    is_hex: bool

    def value(self, arguments: Mapping[str, Any]) -> Value:
        value: Value = arguments[self.name]
        return value.hex if self.is_hex and isinstance(value, UUID) else value


@dataclass(frozen=True)
class _CompiledQuery:
    """A queryset as SQL, with its parameters, and how rows of the database become rows of Python."""

    sql: str
    parameters: Sequence[object]
    convert: ConvertRows
    read: ReadRow

    def rows(self, arguments: Mapping[str, Any], connection: BaseDatabaseWrapper) -> list[Any]:
        parameters = [each.value(arguments) if isinstance(each, _Parameter) else each for each in self.parameters]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, parameters)  # type: ignore[arg-type]
            rows = cursor.fetchall()
        return [self.read(row) for row in self.convert(rows, connection)]


def _compile(
    build: Callable[..., "QuerySet[Any, Any]"], arguments: Mapping[str, Any], connection: BaseDatabaseWrapper
) -> _CompiledQuery:
    """Compiles the queryset for arguments of this shape. Raises TypeError when a value does not reach the SQL."""
    placeholders = {
        name: uuid4() if isinstance(argument, UUID) else uuid4().hex
        for name, argument in arguments.items()
        if _is_value(argument)
    }
    queryset = build(**{**arguments, **placeholders})
    compiler = queryset.query.get_compiler(connection=connection)
    sql, compiled_parameters = compiler.as_sql()
    by_placeholder = {value: _Parameter(name, is_hex=False) for name, value in placeholders.items()}
    by_placeholder |= {
        value.hex: _Parameter(name, is_hex=True) for name, value in placeholders.items() if isinstance(value, UUID)
    }
    parameters = [
        by_placeholder.get(each, each) if isinstance(each, UUID | str) else each for each in compiled_parameters
    ]
    missing = placeholders.keys() - {each.name for each in parameters if isinstance(each, _Parameter)}
    if missing:
        raise TypeError(f"{build.__qualname__}: {', '.join(sorted(missing))} does not reach the SQL as it is")
    yields_models = queryset._iterable_class is ModelIterable
    return _CompiledQuery(sql, parameters, _converter(compiler), _model_reader(compiler) if yields_models else tuple)


def _converter(compiler: SQLCompiler) -> ConvertRows:
    """Returns what turns values of the database into those of Python, column by column."""
    converters = compiler.get_converters([column for column, *_ in compiler.select])

    def convert(rows: Iterable[Sequence[Any]], connection: BaseDatabaseWrapper) -> Iterable[Sequence[Any]]:
        for row in map(list, rows):
            for position, (steps, expression) in converters.items():
                for step in steps:
                    row[position] = step(row[position], expression, connection)
            yield row

    return convert if converters else lambda rows, _connection: rows


def _model_reader(compiler: SQLCompiler) -> ReadRow:
    """Returns what makes a model of a row, with the related ones that were selected, as a queryset would."""
    select, info = compiler.select, compiler.klass_info
    model: type[Model] = info["model"]
    first, last = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column.target.attname for column, *_ in select[first:last]]
    populators = get_related_populators(info, select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]  # as in Django 6

    def read(row: Sequence[Any]) -> Model:
        instance = model.from_db(DEFAULT_DB_ALIAS, names, row[first:last])
        for populator in populators:
            populator.populate(row, instance)
        return instance

    return read
