"""Debian's Chromium, and windows in it for people who are signed in."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.test import Client
from playwright.sync_api import Browser, ViewportSize, expect, sync_playwright

from kasilabs.accounts.models import User
from tests.browser.window import Window

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


@contextmanager
def running() -> Iterator[Browser]:
    """Run the browser. Playwright keeps an event loop in this thread, which the ORM would refuse to work beside."""
    found = shutil.which("chromium")
    assert found, "Chromium is missing"
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    expect.set_options(timeout=PATIENCE_MS)
    try:
        with (
            sync_playwright() as playwright,
            playwright.chromium.launch(executable_path=found, args=ARGUMENTS) as browser,
        ):
            yield browser
    finally:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@contextmanager
def windows(browser: Browser, url: str) -> Iterator[OpenWindow]:
    """Yield a function that opens a window at a platform, for a person, signed in, or for nobody."""
    with ExitStack() as stack:

        def open_window(person: User | None = None, **options: Any) -> Window:
            context = browser.new_context(**{"base_url": url, "viewport": WIDE, **options})
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            if person:
                context.add_cookies([{"name": "sessionid", "value": _session(person), "url": url}])
            return Window(context.new_page(), url)

        yield open_window


def _session(person: User) -> str:
    client = Client()
    client.force_login(person)
    return client.cookies["sessionid"].value
