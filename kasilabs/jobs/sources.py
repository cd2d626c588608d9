"""Which tables hold work for later, and who does it: apps register their sources in AppConfig.ready()."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.utils.functional import Promise

from kasilabs.jobs.models import DueRow

Row = TypeVar("Row", bound=DueRow)


class JobFailed(Exception):
    """Raised by a handler that knows why it failed. `code` is stable, at most 64 characters, without personal data.

    With `is_final` another attempt would fail as well, and the row is dead at once. Whatever else a handler raises is
    a failure too, but stands in the process log with its message and trace.
    """

    def __init__(self, code: str, *, is_final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_final = is_final


@dataclass(frozen=True)
class Source(Generic[Row]):
    """One table of due rows.

    `handle` gets a claimed row. It runs with no transaction and no pooled connection; returning means done. Effects in
    the database belong into `with row.finishing():`, which makes them happen exactly once. All other effects happen at
    least once, so they need a name derived from the row's id by which the receiver knows them again.

    `most_attempts` is how often a row may fail before it is dead, None for never. `lease_seconds` is longer than
    `handle` can take; JOBS_LEASE_SECONDS without it. `describe` says to people what a row is; it is in no log.
    `errors` says to people, by its code, why a row failed. `organization` is the field that leads to the row's
    organization, if it has one.
    """

    name: str
    label: str | Promise
    model: type[Row]
    handle: Callable[[Row], None]
    most_attempts: int | None = 8
    lease_seconds: float | None = None
    describe: Callable[[Row], str] = str
    errors: Mapping[str, str | Promise] = field(default_factory=dict)
    organization: str = ""

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds or settings.JOBS_LEASE_SECONDS)


_sources: dict[str, Source[Any]] = {}


def register(source: Source[Any]) -> None:
    """Adds a source. Raises ValueError when its name or its model has one already."""
    if source.name in _sources or any(each.model is source.model for each in _sources.values()):
        raise ValueError(f"{source.name} or {source.model.__name__} is registered already")
    _sources[source.name] = source


def registered() -> list[Source[Any]]:
    return list(_sources.values())


def get(name: str) -> Source[Any] | None:
    return _sources.get(name)


def of(row: DueRow) -> Source[Any]:
    """Returns the source a row belongs to. Raises LookupError."""
    for source in _sources.values():
        if source.model is type(row):
            return source
    raise LookupError(f"{type(row).__name__} has no source")
