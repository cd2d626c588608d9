from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from kasilabs.accounts import keyring
from kasilabs.accounts.models import User
from tests import make


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
