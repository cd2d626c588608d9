"""Everything by keyboard: signing in, granting a cell, reading a call; a swap never takes the focus away."""

import pytest
from django.urls import reverse
from playwright.sync_api import Dialog, expect

from tests.browser.chromium import OpenWindow
from tests.browser.seed import Seed
from tests.browser.window import Window
from tests.support import factories

pytestmark = pytest.mark.browser
MOST_STOPS = 70


def url(seeded: Seed, name: str, *more: str) -> str:
    return reverse(name, args=[seeded.cast.organization.slug, *more])


def tab_to(window: Window, selector: str) -> None:
    """Press Tab until what is selected has the keyboard."""
    wanted = window.page.locator(f"{selector}:focus")
    for _ in range(MOST_STOPS):
        if wanted.count():
            return
        window.page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached")


def test_a_person_signs_in(open_window: OpenWindow) -> None:
    owner = factories.cast().owner
    window = open_window()
    window.open("/accounts/login/")
    tab_to(window, "[name=login]")
    window.page.keyboard.type(owner.email)
    tab_to(window, "[name=password]")
    window.page.keyboard.type(factories.PASSWORD)
    window.page.keyboard.press("Enter")
    window.wait_for_heading("Overview")


def test_the_first_stop_skips_to_the_content(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.owner)
    window.open(url(seeded, "overview"))
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    window.expect_focus("#main")


def test_a_cell_keeps_the_focus_while_it_changes(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.admin)
    window.open(url(seeded, "grants:matrix"))
    cell = window.page.get_by_role("button", name="Read support tickets for Legal Consultations: Off")
    place = cell.get_attribute("id")
    tab_to(window, f"#{place}")
    window.page.keyboard.press("Space")
    window.wait_for_announcement("Read support tickets is on for Legal Consultations")
    window.expect_focus(f"#{place}")
    window.page.keyboard.press("Space")
    window.wait_for_announcement("Read support tickets is off for Legal Consultations")
    window.expect_focus(f"#{place}")


def test_a_plugin_is_granted_and_the_focus_goes_to_taking_it_back(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.admin)
    window.open(url(seeded, "grants:matrix"))
    grant = window.page.get_by_role("button", name="Grant Support Desk to Billing")
    place = grant.get_attribute("id")
    tab_to(window, f"#{place}")
    window.page.keyboard.press("Enter")
    window.wait_for_announcement("Support Desk is granted to Billing.")
    window.expect_focus(f"#{place}")


def test_a_filter_keeps_the_focus(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.operator)
    window.open(url(seeded, "logs:list"))
    tab_to(window, "#facets a")
    place = window.focused_id()
    window.page.keyboard.press("Enter")
    window.wait_for_announcement("7 calls shown")
    window.expect_focus(f"#{place}")
    window.open(url(seeded, "grants:matrix"))
    tab_to(window, "#q")
    window.page.keyboard.type("find")
    window.wait_for_text("1 of 12 rows")
    window.expect_focus("#q")


def test_a_field_that_is_checked_lets_the_keyboard_go_on(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.owner)
    window.open(url(seeded, "installations:configuration", seeded.desk.public_id))
    queue = window.page.get_by_label("Default queue")
    queue.fill("Not a queue")
    queue.press("Tab")
    window.wait_for_text("Use lower-case letters, digits and hyphens, such as billing.")
    expect(window.page.get_by_role("radio", name="Keep")).to_be_focused()


def test_toolkits_of_a_number_keep_the_focus(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.admin)
    window.open(url(seeded, "whatsapp:detail", seeded.legal.public_id))
    tab_to(window, "#toolkit-PAYMENTS")
    window.page.keyboard.press("Enter")
    window.page.get_by_role("button", name="Take back PAYMENTS").wait_for()
    window.expect_focus("#toolkit-PAYMENTS")


def test_a_call_is_opened_and_closed(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.operator)
    window.open(url(seeded, "logs:list"))
    call = seeded.calls[0].public_id
    tab_to(window, f"#{call} a")
    window.page.keyboard.press("Enter")
    window.page.get_by_role("heading", name="support_desk__create_support_ticket").wait_for()
    assert window.page.locator("tr[aria-current=true]").get_attribute("id") == call
    window.page.keyboard.press("Escape")
    expect(window.page.locator(".k-dock")).to_have_count(0)


def test_leaving_a_value_that_is_shown_once_asks_first(seeded: Seed, open_window: OpenWindow) -> None:
    window = open_window(seeded.cast.owner)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    window.page.on("dialog", leave)
    window.open(url(seeded, "whatsapp:detail", seeded.billing.public_id))
    window.click_button("Make an agent key")
    window.click_navigation("People")
    window.wait_for_heading("People")
    assert asked == ["beforeunload"]
