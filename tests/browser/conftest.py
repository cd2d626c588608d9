"""Chromium in front of real gunicorn workers, which work on the database of the test."""

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
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from kasilabs.accounts.models import User
from tests.browser.visitor import Visitor
from tests.support.gunicorn import Workers, workers

SETTINGS = "tests.browser.settings"
ARGUMENTS = [
    *("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-first-run", "--disable-domain-reliability", "--disable-client-side-phishing-detection"),
    *("--disable-default-apps", "--disable-extensions", "--metrics-recording-only", "--mute-audio"),
]
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PATIENCE_MS = 15_000

Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Start the browser. Playwright keeps an event loop in this thread, which the ORM would refuse to work beside."""
    found = shutil.which("chromium")
    assert found, "Chromium is missing"
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def static_files() -> None:
    """Collect the static files as a start in production does."""
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity=0"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": SETTINGS, "DATA_DIR": str(settings.DATA_DIR)}
    subprocess.run(command, env=environment, cwd=settings.BASE_DIR, check=True)


@pytest.fixture
def site(transactional_db: None, static_files: None) -> Iterator[Workers]:
    """Serve the database of the test."""
    with workers(2, DJANGO_SETTINGS_MODULE=SETTINGS, LOG_LEVEL="ERROR") as running:
        yield running


@pytest.fixture
def visit(chromium: Browser, site: Workers) -> Iterator[Visit]:
    """Open a window for a person, signed in, or for nobody; when the test ends, no page may have had a fault."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def open_window(person: User | None = None, **options: Any) -> Visitor:
            context = chromium.new_context(**{"base_url": site.url, "viewport": WIDE, **options})
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            if person:
                context.add_cookies([{"name": "sessionid", "value": _session(person), "url": site.url}])
            visitors.append(Visitor(context.new_page(), site.url))
            return visitors[-1]

        yield open_window
        assert [visitor.faults for visitor in visitors if visitor.faults] == []


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies["sessionid"].value
