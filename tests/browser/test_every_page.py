"""Every page a person can open is visited once, with full lists, and checked for everything at once.

On each page: no error, no message about the page's policy and no request to elsewhere (`open_window` checks these);
what axe finds; the contrast of every text in light and dark; one heading and one region that announces; no sideways
scrolling down to the narrowest window there is (WCAG 2.2, 1.4.10); and the budgets of weight and requests.
"""

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser import axe, contrast, pages, seed, weight
from tests.browser.chromium import WIDE, OpenWindow
from tests.browser.seed import Seed
from tests.support.url_map import routes

pytestmark = pytest.mark.browser
NARROWEST: ViewportSize = {"width": 320, "height": 640}
SHOW_THEME = "theme => { document.documentElement.dataset.bsTheme = theme }"
SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_every_page_is_accessible_in_any_theme_and_width_and_stays_in_its_budget(
    seeded: Seed, open_window: OpenWindow
) -> None:
    seed.fill_lists(seeded)
    found: dict[str, list[str]] = {}
    opened: set[str] = set()
    for case, window in pages.visit_all(seeded, open_window, reduced_motion="reduce"):
        page = window.page
        found[case.name] = [
            *weight.over_budget(weight.measure(case, page)),
            *in_both_themes(page),
            *in_a_narrow_window(page),
        ]
        opened |= {case.route, pages.route(page.url)}
    assert {name: lines for name, lines in found.items() if lines} == {}
    of_people = {route.name for route in routes() if not (route.policy and route.policy.kind == "machine")}
    assert of_people - pages.NOT_PAGES - opened == set()


def in_both_themes(page: Page) -> list[str]:
    """Check the structure once, which is the same in every theme, and the colours in each."""
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.locator("[role=status], [aria-live]")).to_have_count(1)
    lines = axe.findings(page) + contrast.too_faint(page)
    page.evaluate(SHOW_THEME, "dark")
    lines += [f"dark: {line}" for line in axe.findings(page, axe.COLOUR) + contrast.too_faint(page)]
    page.evaluate(SHOW_THEME, "light")
    return lines


def in_a_narrow_window(page: Page) -> list[str]:
    """Check what a narrow window can break. What fits here fits on a wider phone: the layout is the same."""
    page.set_viewport_size(NARROWEST)
    lines = axe.findings(page, axe.LAYOUT) + (["scrolls sideways"] if page.evaluate(SIDEWAYS) else [])
    page.set_viewport_size(WIDE)
    return [f"narrow: {line}" for line in lines]


def test_a_page_follows_the_theme_of_the_system(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.owner, color_scheme="dark")
    window.open("/components/")
    expect(window.page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    window.page.emulate_media(color_scheme="light")
    expect(window.page.locator("html")).to_have_attribute("data-bs-theme", "light")


def test_with_reduced_motion_nothing_moves(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.owner, reduced_motion="reduce")
    window.open("/components/")
    durations = "[...document.getAnimations()].map(each => each.effect.getComputedTiming().duration)"
    assert set(window.page.evaluate(durations)) <= {0}
    assert "0s" in window.page.locator(".k-toasts").evaluate("each => getComputedStyle(each).transitionDuration")
