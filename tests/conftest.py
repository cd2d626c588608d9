import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management.color import Style
from django.db import connection
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import Client
from hypothesis import settings as hypothesis_settings

from kasilabs.accounts import keyring, rate_limits
from kasilabs.accounts.models import User
from tests.support import factories
from tests.support import platform as platforms
from tests.support.clock import Clock, StandingClock
from tests.support.factories import Cast
from tests.support.fake_plugin_server import FakePluginServer, answers, message

hypothesis_settings.register_profile("project", deadline=None)  # two workers share two cores with the suite
hypothesis_settings.load_profile("project")
FILLED_BY_MIGRATIONS = {"auth_permission", "django_content_type"}
DATABASE_FIXTURES = {"db", "transactional_db"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses no database of the suite: it needs to run on one of them only."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if not (fixtures & DATABASE_FIXTURES or item.get_closest_marker("django_db")):
            item.add_marker("no_database")


@pytest.fixture(autouse=True, scope="session")
def _quick_flush() -> Iterator[None]:
    """Empty tables after a test with DELETE: TRUNCATE takes PostgreSQL a hundred times as long on a few rows.

    Foreign keys are checked at the end of the transaction. The tables that migrations fill keep their rows.
    """

    def sql_flush(operations: BaseDatabaseOperations, style: Style, tables: list[str], **options: bool) -> list[str]:
        return [f"DELETE FROM {operations.quote_name(table)};" for table in tables if table not in FILLED_BY_MIGRATIONS]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(connection.ops), "sql_flush", sql_flush)
        yield


@pytest.fixture(autouse=True)
def _fresh_process_memory() -> Iterator[None]:
    """Rows are rolled back after each test; what a process remembers of them goes too."""
    yield
    keyring.clear_cache()


@pytest.fixture
def empty_cache(db: None) -> None:
    cache.clear()


@pytest.fixture
def limits_clock(monkeypatch: pytest.MonkeyPatch) -> StandingClock:
    """Let the windows of limits end only when the test says so, however slow the machine is."""
    clock = StandingClock()
    monkeypatch.setattr(rate_limits, "timezone", clock)
    return clock


@pytest.fixture
def cast(db: None) -> Cast:
    return factories.cast()


@pytest.fixture
def as_(db: None) -> Callable[[User], Client]:
    """Return a client signed in as somebody."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Stop the clock that deadlines are read from; a test starts it, or puts it forward."""
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def serve(settings: Any) -> Iterator[platforms.Serve]:
    """Start a plugin endpoint that behaves in a given way, and let the platform reach it."""
    settings.PLUGIN_HOSTS_ALLOWED = "127.0.0.1"
    with ExitStack() as stack:
        yield lambda behaviour: stack.enter_context(FakePluginServer(behaviour))


@pytest.fixture
def build(transactional_db: None) -> platforms.Build:
    """Build an organization with two numbers on a plugin at a URL; see `tests.support.platform.build`."""
    return platforms.build


@pytest.fixture
def plugin(serve: platforms.Serve) -> FakePluginServer:
    """A plugin that answers every call with a small object."""
    return serve(answers(message(b'{"status": "created", "reference": "T-1"}')))


@pytest.fixture
def platform(build: platforms.Build, plugin: FakePluginServer) -> platforms.Platform:
    return build(plugin.url())
