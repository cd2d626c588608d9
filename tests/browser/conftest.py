"""One Chromium and one gunicorn for all browser tests; each test fills the database that the workers serve."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright
from pytest_django import DjangoDbBlocker

from kasilabs.accounts import keyring
from kasilabs.accounts.models import StoredKey, User
from tests.browser import seed
from tests.browser.seed import Seed
from tests.browser.window import Window
from tests.support.gunicorn import Workers, workers

SETTINGS = "tests.browser.settings"
ARGUMENTS = [
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-first-run", "--disable-domain-reliability", "--disable-client-side-phishing-detection"),
    *("--disable-default-apps", "--disable-extensions", "--metrics-recording-only", "--mute-audio"),
]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 60_000
"""Nothing on a page takes this long, on any machine."""

OpenWindow = Callable[..., Window]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser. Playwright keeps an event loop in this thread, which the ORM would refuse to work beside."""
    found = shutil.which("chromium")
    assert found, "Chromium is missing"
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=PATIENCE_MS)
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


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
def gunicorn(
    platform_keys: list[StoredKey], static_files: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Workers]:
    hosts = f"{settings.PLUGIN_HOSTS_ALLOWED},127.0.0.1"
    with django_db_blocker.unblock():
        serving = workers(2, DJANGO_SETTINGS_MODULE=SETTINGS, LOG_LEVEL="ERROR", PLUGIN_HOSTS_ALLOWED=hosts)
        with serving as running:
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
def open_window(chromium: Browser, site: Workers) -> Iterator[OpenWindow]:
    """Open a window for a person, signed in, or for nobody; when the test ends, no page may have had an error."""
    with ExitStack() as stack:
        windows: list[Window] = []

        def open_window(person: User | None = None, **options: Any) -> Window:
            context = chromium.new_context(**{"base_url": site.url, "viewport": WIDE, **options})
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            if person:
                context.add_cookies([{"name": "sessionid", "value": _session(person), "url": site.url}])
            windows.append(Window(context.new_page(), site.url))
            return windows[-1]

        yield open_window
        assert [window.errors for window in windows if window.errors] == []


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies["sessionid"].value
