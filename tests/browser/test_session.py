"""A session that ends while a page is open: whatever is done on the page next leads to sign-in and back to it."""

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Dialog

from tests.browser.chromium import OpenWindow
from tests.browser.seed import Seed
from tests.browser.window import Window
from tests.support import factories

pytestmark = pytest.mark.browser
UNSAVED = "Your last change was not saved, because you had been signed out."


def sign_in(window: Window, seeded: Seed) -> None:
    window.page.get_by_label("Email").fill(seeded.cast.owner.email)
    window.page.get_by_label("Password").fill(factories.PASSWORD)
    window.click_button("Sign in")


def test_a_click_and_a_field_lead_to_sign_in_and_back(seeded: Seed, open_window: OpenWindow) -> None:
    org, desk = seeded.cast.organization.slug, seeded.desk.public_id
    matrix = reverse("grants:matrix", args=[org])
    configuration = reverse("installations:configuration", args=[org, desk])
    window = open_window(seeded.cast.owner)
    window.open(matrix)
    Session.objects.all().delete()
    window.click_button("Read support tickets for Legal Consultations: Off")
    window.wait_for_text("your last change was not saved")
    sign_in(window, seeded)
    window.page.wait_for_url(f"**{matrix}")
    window.wait_for_announcement(UNSAVED)
    window.page.get_by_role("button", name="Read support tickets for Legal Consultations: Off").wait_for()

    window.open(configuration)
    Session.objects.all().delete()
    queue = window.page.get_by_label("Default queue")
    for answer in (Dialog.dismiss, Dialog.accept):
        window.page.once("dialog", answer)
        queue.fill(f"{queue.input_value()}s")
        queue.press("Tab")
        if answer == Dialog.dismiss:
            window.wait_for_announcement("this page cannot save. Copy what you typed before you leave.")
            assert queue.input_value() == "billings"
    window.wait_for_text("your last change was not saved")
    sign_in(window, seeded)
    window.page.wait_for_url(f"**{configuration}")
    window.wait_for_announcement(UNSAVED)


def test_signing_in_twice_in_two_tabs_lets_the_person_in(seeded: Seed, open_window: OpenWindow) -> None:
    first = open_window()
    first.open("/")
    second = Window(first.page.context.new_page(), first.origin)
    second.open("/")
    for tab in (first, second):
        sign_in(tab, seeded)
        tab.wait_for_heading("Overview")
    second.wait_for_announcement(f"You are signed in as {seeded.cast.owner}.")
    assert second.errors == []
