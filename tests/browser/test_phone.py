"""The platform on a phone, and on the narrowest window there is (WCAG 2.2, 1.4.10)."""

import pytest
from django.urls import reverse
from playwright.sync_api import ViewportSize

from tests.browser import axe, pages, stage
from tests.browser.conftest import PHONE, Visit
from tests.support import factories

pytestmark = pytest.mark.browser
NARROWEST: ViewportSize = {"width": 320, "height": 640}
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_no_page_scrolls_sideways_or_has_a_finding(visit: Visit) -> None:
    found: dict[str, list[str]] = {}
    for place, visitor in pages.tour(stage.build(), visit, viewport=PHONE, has_touch=True, is_mobile=True):
        found[place.name] = axe.findings(visitor.page)
        for size in (NARROWEST, PHONE):
            visitor.page.set_viewport_size(size)
            found[place.name] += [f"wider than {size['width']}"] if visitor.page.evaluate(SIDEWAYS) else []
    assert {name: lines for name, lines in found.items() if lines} == {}


def test_the_menu_opens_and_gives_the_keyboard_back(visit: Visit) -> None:
    visitor = visit(factories.cast().owner, viewport=PHONE)
    visitor.open("/")
    menu = visitor.page.get_by_role("button", name="Open the menu")
    menu.press("Enter")
    assert menu.get_attribute("aria-expanded") == "true"
    assert visitor.page.locator("#sidebar a:focus").count() == 1
    visitor.page.keyboard.press("Escape")
    assert not visitor.page.locator("#sidebar").is_visible()
    assert visitor.page.locator(".k-menu:focus").get_attribute("aria-expanded") == "false"


def test_the_menu_opens_without_script(visit: Visit) -> None:
    visitor = visit(factories.cast().owner, viewport=PHONE, java_script_enabled=False)
    visitor.open("/")
    visitor.page.get_by_role("button", name="Open the menu").click()
    visitor.turn_to("People")
    visitor.page.get_by_role("heading", name="People", level=1).wait_for()


def test_a_call_is_a_page_of_its_own(visit: Visit) -> None:
    built = stage.build()
    visitor = visit(built.cast.operator, viewport=PHONE)
    visitor.open(reverse("logs:list", args=[built.cast.organization.slug]))
    visitor.page.get_by_role("row", name="Refused").get_by_role("link").click()
    visitor.page.get_by_role("heading", name="support_desk__create_support_ticket").wait_for()
    assert not visitor.page.locator("#calls").is_visible()
    visitor.follow("Close this call")
    visitor.page.locator("#calls").wait_for()
