"""What works in another way on a phone: the menu, and a call as a page of its own."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.chromium import PHONE, OpenWindow
from tests.browser.seed import Seed
from tests.support import factories

pytestmark = pytest.mark.browser


def test_the_menu_opens_and_gives_the_keyboard_back(open_window: OpenWindow) -> None:
    window = open_window(factories.cast().owner, viewport=PHONE)
    window.open("/")
    menu = window.page.get_by_role("button", name="Open the menu")
    menu.press("Enter")
    expect(menu).to_have_attribute("aria-expanded", "true")
    expect(window.page.locator("#sidebar a:focus")).to_have_count(1)
    assert axe.findings(window.page) == []
    window.page.keyboard.press("Escape")
    expect(window.page.locator("#sidebar")).to_be_hidden()
    expect(window.page.locator(".k-menu:focus")).to_have_attribute("aria-expanded", "false")
    assert axe.findings(window.page) == []


def test_the_menu_opens_without_script(open_window: OpenWindow) -> None:
    window = open_window(factories.cast().owner, viewport=PHONE, java_script_enabled=False)
    window.open("/")
    window.page.get_by_role("button", name="Open the menu").click()
    window.click_navigation("People")
    window.wait_for_heading("People")


def test_a_call_is_a_page_of_its_own(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.operator, viewport=PHONE)
    window.open(reverse("logs:list", args=[seeded.cast.organization.slug]))
    refused = window.page.get_by_role("row", name="Refused").filter(has_text="create_support_ticket")
    refused.get_by_role("link").click()
    window.page.get_by_role("heading", name="support_desk__create_support_ticket").wait_for()
    expect(window.page.locator("#calls")).to_be_hidden()
    assert axe.findings(window.page) == []
    window.click_link("Close this call")
    window.page.locator("#calls").wait_for()
