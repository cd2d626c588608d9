"""A browser window of one person. What goes wrong on its page is kept in `errors`, which fails the test."""

import re
from dataclasses import dataclass, field

from playwright.sync_api import ConsoleMessage, Locator, Page, Request, Response, expect

REPEATED = "Failed to load resource"
"""Chromium says this beside every response of 400 and more; the responses themselves are checked here."""


@dataclass
class Window:
    """A page and everything that was wrong on it; `expected_statuses` are the refusals that the test is about."""

    page: Page
    origin: str
    expected_statuses: set[int] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.errors.append(f"error: {error}"))
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)

    def open(self, path: str) -> Response:
        """Go to a path of the platform and return the response."""
        response = self.page.goto(path)
        assert response
        return response

    def click_button(self, name: str | re.Pattern[str]) -> None:
        """Click the button with this name."""
        self.page.get_by_role("button", name=name).click()

    def click_link(self, name: str | re.Pattern[str]) -> None:
        """Click the link with this name in the content of the page."""
        self.page.locator("main").get_by_role("link", name=name).click()

    def click_navigation(self, name: str) -> None:
        """Click a link of the side bar."""
        self.page.get_by_label("Main").get_by_role("link", name=name).click()

    def wait_for_text(self, text: str) -> Locator:
        """Wait until the main part of the page says `text`, and return where."""
        found = self.page.locator("main").get_by_text(text).first
        found.wait_for()
        return found

    def wait_for_heading(self, text: str) -> None:
        """Wait until the heading of the page is `text`."""
        self.page.get_by_role("heading", name=text, level=1).wait_for()

    def wait_for_announcement(self, text: str) -> None:
        """Wait until the one region that announces says `text`."""
        self.page.locator("#status").get_by_text(text).wait_for(state="attached")

    def wait_until_idle(self) -> None:
        """Wait until the page is loaded, and what it loads by itself afterwards too."""
        self.page.wait_for_load_state("load")
        expect(self.page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)

    def expect_focus(self, selector: str) -> None:
        """Wait until what is selected has the keyboard."""
        expect(self.page.locator(selector)).to_be_focused()

    def focused_id(self) -> str:
        """Return the id of what has the keyboard, else its tag."""
        return str(self.page.evaluate("document.activeElement.id || document.activeElement.tagName"))

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(REPEATED):
            self.errors.append(f"console: {message.text}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:")):
            self.errors.append(f"request to another origin: {request.url}")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected_statuses:
            self.errors.append(f"{response.status} {response.request.method} {response.url}")
