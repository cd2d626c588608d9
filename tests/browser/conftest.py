"""One Chromium and one gunicorn for all browser tests; each test fills the database that the workers serve."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser
from pytest_django import DjangoDbBlocker

from kasilabs.accounts import keyring
from kasilabs.accounts.models import StoredKey, User
from tests.browser import chromium, seed
from tests.browser.chromium import OpenWindow
from tests.browser.seed import Seed
from tests.browser.window import Window
from tests.support.gunicorn import Workers, workers

SETTINGS = "tests.browser.settings"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium.running() as browser:
        yield browser


@pytest.fixture(scope="session")
def static_files() -> None:
    """Collect the static files as a start in production does."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS, "DATA_DIR": str(settings.DATA_DIR)}
    subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=True)


@pytest.fixture(scope="session")
def platform_keys(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> list[StoredKey]:
    """Make every key of the platform: workers remember those they have read."""
    with django_db_blocker.unblock():
        for purpose in StoredKey.Purpose:
            keyring.platform_key(purpose)
        return list(StoredKey.objects.all())


@pytest.fixture(scope="session")
def gunicorn(platform_keys: list[StoredKey], static_files: None) -> Iterator[Workers]:
    """Start the workers. Plugins on this machine are allowed beside the samples."""
    hosts = f"{settings.PLUGIN_HOSTS_ALLOWED},127.0.0.1"
    with workers(2, DJANGO_SETTINGS_MODULE=SETTINGS, LOG_LEVEL="ERROR", PLUGIN_HOSTS_ALLOWED=hosts) as running:
        yield running


@pytest.fixture
def site(transactional_db: None, gunicorn: Workers, platform_keys: list[StoredKey]) -> Workers:
    """Serve the database of this test, which is empty but for the keys of the platform."""
    StoredKey.objects.bulk_create(platform_keys, ignore_conflicts=True)
    return gunicorn


@pytest.fixture
def seeded(site: Workers) -> Seed:
    return seed.build()


@pytest.fixture
def open_window(browser: Browser, site: Workers) -> Iterator[OpenWindow]:
    """Open a window for a person, signed in, or for nobody; when the test ends, no page may have had an error."""
    opened: list[Window] = []

    with chromium.windows(browser, site.url) as windows:

        def open_window(person: User | None = None, **options: Any) -> Window:
            opened.append(windows(person, **options))
            return opened[-1]

        yield open_window
        assert [window.errors for window in opened if window.errors] == []
