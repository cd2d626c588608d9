"""What a person can do when the browser runs no script."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from grants.models import PluginGrant
from tests.browser import stage
from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


@pytest.fixture
def built(transactional_db: None) -> Stage:
    return stage.build()


@pytest.fixture
def admin(built: Stage, visit: Visit) -> Visitor:
    return visit(built.cast.admin, java_script_enabled=False)


def url(built: Stage, name: str, *more: str) -> str:
    return reverse(name, args=[built.cast.organization.slug, *more])


def test_a_plugin_is_installed_in_four_steps(built: Stage, admin: Visitor) -> None:
    admin.open(url(built, "grants:install", "DRAFT_DESK"))
    admin.page.get_by_label("Create tickets").uncheck()
    admin.press("Show what this allows")
    expect(admin.page.locator("#consent")).to_contain_text("Not allowed")
    admin.page.get_by_label("Create tickets").check()
    admin.press("Save and continue")
    admin.page.get_by_label("Legal Consultations").check()
    admin.press("Save and continue")
    admin.page.get_by_label("Label").fill("Desk")
    admin.page.get_by_label("API key").fill("a-secret-of-ours")
    admin.press("Install and continue")
    admin.page.get_by_label("Input", exact=True).fill('{"subject": "No invoice"}')
    admin.press("Make the test call")
    admin.reads("Plugin fault")
    assert PluginGrant.objects.filter(instance=built.legal, plugin__slug="DRAFT_DESK").count() == 1


def test_a_cell_is_turned_on_and_off(built: Stage, admin: Visitor) -> None:
    admin.open(url(built, "grants:matrix"))
    admin.press("support:tickets:read for Legal Consultations: Off")
    admin.page.get_by_text("support:tickets:read is on for Legal Consultations").wait_for()
    admin.press("support:tickets:read for Legal Consultations: On")
    admin.page.get_by_role("button", name="support:tickets:read for Legal Consultations: Off").wait_for()


def test_a_configuration_keeps_what_was_typed_beside_a_fault(built: Stage, admin: Visitor) -> None:
    admin.open(url(built, "installations:configuration", built.desk.public_id))
    admin.expected = {422}
    queue = admin.page.get_by_label("Default queue")
    queue.fill("Not a queue")
    admin.page.get_by_role("radio", name="Replace").check()
    admin.page.get_by_label("New API key").fill("another-secret-of-ours-XK4M")
    admin.press("Save configuration")
    admin.reads("Use lower-case letters, digits and hyphens, such as billing.")
    expect(queue).to_have_value("Not a queue")
    expect(admin.page.get_by_role("radio", name="Replace")).to_be_checked()
    expect(admin.page.get_by_label("New API key")).to_have_value("")
    queue.fill("urgent")
    admin.page.get_by_label("New API key").fill("another-secret-of-ours-XK4M")
    admin.press("Save configuration")
    admin.reads("Set, ends XK4M")


def test_lists_are_filtered(built: Stage, admin: Visitor) -> None:
    admin.open(url(built, "logs:list"))
    admin.page.get_by_role("navigation", name="Filters").get_by_role("link", name="Refused").click()
    admin.reads("1 call")
    admin.follow("Remove filter Outcome Refused")
    admin.reads("6 calls")
    admin.open(url(built, "grants:matrix"))
    admin.page.get_by_label("Tool, permission or plugin").fill("find")
    admin.press("Show")
    admin.reads("1 of 7 rows")


def test_a_value_is_explained(built: Stage, admin: Visitor) -> None:
    admin.open(url(built, "grants:explain"))
    admin.page.get_by_label("Number").select_option("Billing")
    admin.page.get_by_label("Tool").select_option("support_desk__create_support_ticket")
    admin.press("Explain")
    admin.reads("Support Desk is not granted to Billing.")
