"""What a person can do when the browser runs no script."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from grants.models import PluginGrant
from tests.browser.chromium import OpenWindow
from tests.browser.seed import Seed
from tests.browser.window import Window

pytestmark = pytest.mark.browser


@pytest.fixture
def admin(seeded: Seed, open_window: OpenWindow) -> Window:
    return open_window(seeded.cast.admin, java_script_enabled=False)


def url(seeded: Seed, name: str, *more: str) -> str:
    return reverse(name, args=[seeded.cast.organization.slug, *more])


def test_a_plugin_is_installed_in_four_steps(seeded: Seed, admin: Window) -> None:
    admin.open(url(seeded, "grants:install", "DRAFT_DESK"))
    admin.page.get_by_label("Create tickets").uncheck()
    admin.click_button("Show what this allows")
    expect(admin.page.locator("#consent")).to_contain_text("Not allowed")
    admin.page.get_by_label("Create tickets").check()
    admin.click_button("Save and continue")
    admin.page.get_by_label("Legal Consultations").check()
    admin.click_button("Save and continue")
    admin.page.get_by_label("Label").fill("Desk")
    admin.page.get_by_label("API key").fill("a-secret-of-ours")
    admin.click_button("Install and continue")
    admin.page.get_by_label("Input", exact=True).fill('{"subject": "No invoice"}')
    admin.click_button("Make the test call")
    admin.wait_for_text("Plugin fault")
    assert PluginGrant.objects.filter(instance=seeded.legal, plugin__slug="DRAFT_DESK").count() == 1


def test_a_cell_is_turned_on_and_off(seeded: Seed, admin: Window) -> None:
    admin.open(url(seeded, "grants:matrix"))
    admin.click_button("Read support tickets for Legal Consultations: Off")
    admin.page.get_by_text("Read support tickets is on for Legal Consultations").wait_for()
    admin.click_button("Read support tickets for Legal Consultations: On")
    admin.page.get_by_role("button", name="Read support tickets for Legal Consultations: Off").wait_for()


def test_a_configuration_keeps_what_was_typed_beside_a_fault(seeded: Seed, admin: Window) -> None:
    admin.open(url(seeded, "installations:configuration", seeded.desk.public_id))
    admin.expected_statuses = {422}
    queue = admin.page.get_by_label("Default queue")
    queue.fill("Not a queue")
    admin.page.get_by_role("radio", name="Replace").check()
    admin.page.get_by_label("New API key").fill("another-secret-of-ours-XK4M")
    admin.click_button("Save configuration")
    admin.wait_for_text("Use lower-case letters, digits and hyphens, such as billing.")
    expect(queue).to_have_value("Not a queue")
    expect(admin.page.get_by_role("radio", name="Replace")).to_be_checked()
    expect(admin.page.get_by_label("New API key")).to_have_value("")
    queue.fill("urgent")
    admin.page.get_by_label("New API key").fill("another-secret-of-ours-XK4M")
    admin.click_button("Save configuration")
    admin.wait_for_text("Set, ends XK4M")


def test_lists_are_filtered(seeded: Seed, admin: Window) -> None:
    admin.open(url(seeded, "logs:list"))
    admin.page.get_by_role("navigation", name="Filters").get_by_role("link", name="Refused").click()
    admin.wait_for_text("2 calls")
    admin.click_link("Remove filter Outcome Refused")
    admin.wait_for_text("9 calls")
    admin.open(url(seeded, "grants:matrix"))
    admin.page.get_by_label("Tool, permission or plugin").fill("find")
    admin.click_button("Show")
    admin.wait_for_text("1 of 12 rows")


def test_a_value_is_explained(seeded: Seed, admin: Window) -> None:
    admin.open(url(seeded, "grants:explain"))
    admin.page.get_by_label("Number").select_option("Billing")
    admin.page.get_by_label("Tool").select_option("support_desk__create_support_ticket")
    admin.click_button("Explain")
    admin.wait_for_text("Support Desk is not granted to Billing.")
