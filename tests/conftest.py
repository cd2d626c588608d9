from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import settings as hypothesis_settings

from kasilabs.accounts import keyring
from kasilabs.accounts.models import User
from tests import ground as grounds
from tests import hostile, make

hypothesis_settings.register_profile("project", deadline=None)  # two workers share two cores with the suite
hypothesis_settings.load_profile("project")


@pytest.fixture(autouse=True)
def _fresh_process_memory() -> Iterator[None]:
    """Rows are rolled back after each test; what a process remembers of them goes too."""
    yield
    keyring.forget()


@pytest.fixture
def empty_cache(db: None) -> None:
    cache.clear()


@pytest.fixture
def cast(db: None) -> make.Cast:
    return make.cast()


@pytest.fixture
def as_(db: None) -> Callable[[User], Client]:
    """Return a client signed in as somebody."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def serve(settings: Any) -> Iterator[grounds.Serve]:
    """Start a plugin endpoint that behaves in a given way, and let the platform reach it."""
    settings.PLUGIN_HOSTS_ALLOWED = "127.0.0.1"
    with ExitStack() as stack:
        yield lambda behaviour: stack.enter_context(hostile.HostileServer(behaviour))


@pytest.fixture
def build(transactional_db: None) -> grounds.Build:
    """Build an organization with two numbers on a plugin at a URL; see `tests.ground.build`."""
    return grounds.build


@pytest.fixture
def plugin(serve: grounds.Serve) -> hostile.HostileServer:
    """A plugin that answers every call with a small object."""
    return serve(hostile.answers(hostile.message(b'{"status": "created", "reference": "T-1"}')))


@pytest.fixture
def ground(build: grounds.Build, plugin: hostile.HostileServer) -> grounds.Ground:
    return build(plugin.url())
