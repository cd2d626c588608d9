"""A toast lies over nothing that can be clicked, in a wide window and on a phone."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import ViewportSize, expect

from tests.browser.chromium import PHONE, WIDE, OpenWindow
from tests.browser.seed import Seed
from tests.browser.window import Window

pytestmark = pytest.mark.browser
EACH_WINDOW = pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
LONG = "Not saved, somebody changed it meanwhile. Request 01932f5e-8d1b-7c44-9a51-0f2f4f1f9a10"
SHOW = "text => document.body.dispatchEvent(new CustomEvent('toast', {bubbles: true, detail: {tone: 'bad', text}}))"
STAY = "toast => { toast.style.animation = 'none' }"
COVERED = """toast => {
  const over = toast.getBoundingClientRect();
  const isUnder = each => {
    const {left, right, top, bottom} = each.getBoundingClientRect();
    return left < over.right && right > over.left && top < over.bottom && bottom > over.top;
  };
  return [...document.querySelectorAll("a, button, input, select, textarea, summary")]
    .filter(each => each.checkVisibility({visibilityProperty: true}) && !toast.contains(each) && isUnder(each))
    .map(each => each.outerHTML);
}"""


def keep_toast(window: Window, text: str) -> None:
    """Wait for a toast and let it stay; see that it covers nothing."""
    toast = window.page.locator(".k-toasts > .k-toast", has_text=text)
    toast.evaluate(STAY)
    expect(toast).to_be_in_viewport(ratio=1)
    assert toast.evaluate(COVERED) == []


def show_toast(window: Window) -> None:
    """Show a toast where the page begins: a phone scrolls what is on it beneath a toast, as beneath its top bar."""
    window.wait_until_idle()
    window.page.evaluate(SHOW, LONG)
    window.page.evaluate("scrollTo(0, 0)")
    keep_toast(window, LONG)


@EACH_WINDOW
def test_every_step_of_the_wizard_goes_on_beneath_a_toast(
    seeded: Seed, open_window: OpenWindow, viewport: ViewportSize
) -> None:
    window = open_window(seeded.cast.admin, viewport=viewport)
    window.open(reverse("grants:install_permissions", args=[seeded.cast.organization.slug, "DRAFT_DESK"]))
    show_toast(window)
    window.click_button("Save and continue")
    window.page.get_by_label("Legal Consultations").wait_for()
    show_toast(window)
    window.click_link("Back to permissions")
    window.page.get_by_label("Create tickets").wait_for()
    window.click_button("Save and continue")
    window.page.get_by_label("Legal Consultations").check()
    window.click_button("Save and continue")
    window.page.get_by_label("Label").fill("Desk")
    window.page.get_by_label("API key").fill("a-secret-of-ours")
    show_toast(window)
    window.click_button("Install and continue")
    keep_toast(window, "Draft Desk is installed in the sandbox.")
    window.click_link("Open the installed plugin")
    window.wait_for_heading("Draft Desk")


@EACH_WINDOW
def test_the_foot_of_the_side_bar_is_clicked_beneath_a_toast(
    seeded: Seed, open_window: OpenWindow, viewport: ViewportSize
) -> None:
    window = open_window(seeded.cast.owner, viewport=viewport)
    window.open(reverse("grants:toolkits", args=[seeded.cast.organization.slug]))
    window.click_button("Install MESSAGING")
    keep_toast(window, "MESSAGING is installed.")
    if viewport == PHONE:
        window.click_button("Open the menu")
    window.click_button("Switch between light and dark")
    expect(window.page.locator("html")).to_have_attribute("data-bs-theme", re.compile("dark"))
    window.click_button("Sign out")
    window.page.get_by_label("Password").wait_for()


def test_a_toast_on_the_sign_in_page_covers_nothing(open_window: OpenWindow) -> None:
    window = open_window(viewport=PHONE)
    window.open(reverse("account_login"))
    show_toast(window)
