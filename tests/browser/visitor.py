"""Somebody in front of a browser window of their own. What a page complains about is kept as a fault of the test."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

REPEATED = "Failed to load resource"
"""Chromium says this beside every answer of 400 and more; the answers themselves are checked here."""


@dataclass
class Visitor:
    """A page and everything that was wrong on it; `expected` are the statuses of refusals the test is about."""

    page: Page
    origin: str
    expected: set[int] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.on("response", self._response)

    def open(self, path: str) -> Response:
        """Go to a path of the platform and return the answer to it."""
        answer = self.page.goto(path)
        assert answer
        return answer

    def press(self, name: str | re.Pattern[str]) -> None:
        """Press the button with this name."""
        self.page.get_by_role("button", name=name).click()

    def follow(self, name: str | re.Pattern[str]) -> None:
        """Follow the link with this name in the content of the page."""
        self.page.locator("main").get_by_role("link", name=name).click()

    def turn_to(self, name: str) -> None:
        """Follow a link of the side bar."""
        self.page.get_by_label("Main").get_by_role("link", name=name).click()

    def reads(self, text: str) -> Locator:
        """Wait until the main part of the page says `text`, and return where."""
        found = self.page.locator("main").get_by_text(text).first
        found.wait_for()
        return found

    def settle(self) -> None:
        """Wait until the page is loaded, and what it loads by itself afterwards too."""
        self.page.wait_for_load_state("load")
        expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)

    def focused(self) -> str:
        """Return the id of what has the keyboard, else its tag."""
        return str(self.page.evaluate("document.activeElement.id || document.activeElement.tagName"))

    def said(self, words: str) -> None:
        """Wait until the one region that announces says `words`."""
        self.page.locator("#status").get_by_text(words).wait_for(state="attached")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(REPEATED):
            self.faults.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:")):
            self.faults.append(f"request to another origin: {request.url}")

    def _response(self, answer: Response) -> None:
        if answer.status >= 400 and answer.status not in self.expected:
            self.faults.append(f"{answer.status} {answer.request.method} {answer.url}")
