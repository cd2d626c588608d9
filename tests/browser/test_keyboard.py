"""Everything by keyboard: signing in, granting a cell, reading a call; a swap never takes the focus away."""

import pytest
from django.urls import reverse
from playwright.sync_api import Dialog, expect

from tests.browser import stage
from tests.browser.conftest import Visit
from tests.browser.stage import Stage
from tests.browser.visitor import Visitor
from tests.support import factories

pytestmark = pytest.mark.browser
MOST_STOPS = 60


@pytest.fixture
def built(transactional_db: None) -> Stage:
    return stage.build()


def url(built: Stage, name: str, *more: str) -> str:
    return reverse(name, args=[built.cast.organization.slug, *more])


def tab_to(visitor: Visitor, selector: str) -> None:
    """Press Tab until what is selected has the keyboard."""
    wanted = visitor.page.locator(f"{selector}:focus")
    for _ in range(MOST_STOPS):
        if wanted.count():
            return
        visitor.page.keyboard.press("Tab")
    raise AssertionError(f"{selector} cannot be reached")


def test_a_person_signs_in(visit: Visit) -> None:
    owner = factories.cast().owner
    visitor = visit()
    visitor.open("/accounts/login/")
    tab_to(visitor, "[name=login]")
    visitor.page.keyboard.type(owner.email)
    tab_to(visitor, "[name=password]")
    visitor.page.keyboard.type(factories.PASSWORD)
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("heading", name="Overview", level=1).wait_for()


def test_the_first_stop_skips_to_the_content(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.owner)
    visitor.open(url(built, "overview"))
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.press("Enter")
    assert visitor.focused() == "main"


def test_a_cell_keeps_the_focus_while_it_changes(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.admin)
    visitor.open(url(built, "grants:matrix"))
    cell = visitor.page.get_by_role("button", name="support:tickets:read for Legal Consultations: Off")
    place = cell.get_attribute("id")
    tab_to(visitor, f"#{place}")
    visitor.page.keyboard.press("Space")
    visitor.said("support:tickets:read is on for Legal Consultations")
    assert visitor.focused() == place
    visitor.page.keyboard.press("Space")
    visitor.said("support:tickets:read is off for Legal Consultations")
    assert visitor.focused() == place


def test_a_plugin_is_granted_and_the_focus_goes_to_taking_it_back(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.admin)
    visitor.open(url(built, "grants:matrix"))
    grant = visitor.page.get_by_role("button", name="Grant Support Desk to Billing")
    place = grant.get_attribute("id")
    tab_to(visitor, f"#{place}")
    visitor.page.keyboard.press("Enter")
    visitor.said("Support Desk is granted to Billing.")
    assert visitor.focused() == place


def test_a_filter_keeps_the_focus(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.operator)
    visitor.open(url(built, "logs:list"))
    tab_to(visitor, "#facets a")
    place = visitor.focused()
    visitor.page.keyboard.press("Enter")
    visitor.said("1 call shown")
    assert visitor.focused() == place
    visitor.open(url(built, "grants:matrix"))
    tab_to(visitor, "#q")
    visitor.page.keyboard.type("find")
    visitor.reads("1 of 7 rows")
    assert visitor.focused() == "q"


def test_a_field_that_is_checked_lets_the_keyboard_go_on(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.owner)
    visitor.open(url(built, "installations:configuration", built.desk.public_id))
    queue = visitor.page.get_by_label("Default queue")
    queue.fill("Not a queue")
    queue.press("Tab")
    visitor.reads("Use lower-case letters, digits and hyphens, such as billing.")
    expect(visitor.page.get_by_role("radio", name="Keep")).to_be_focused()


def test_toolkits_of_a_number_keep_the_focus(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.admin)
    visitor.open(url(built, "whatsapp:detail", built.legal.public_id))
    tab_to(visitor, "#toolkit-PAYMENTS")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("button", name="Take back PAYMENTS").wait_for()
    assert visitor.focused() == "toolkit-PAYMENTS"


def test_a_call_is_opened_and_closed(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.operator)
    visitor.open(url(built, "logs:list"))
    call = built.calls[0].public_id
    tab_to(visitor, f"#{call} a")
    visitor.page.keyboard.press("Enter")
    visitor.page.get_by_role("heading", name="support_desk__create_support_ticket").wait_for()
    assert visitor.page.locator("tr[aria-current=true]").get_attribute("id") == call
    visitor.page.keyboard.press("Escape")
    expect(visitor.page.locator(".k-dock")).to_have_count(0)


def test_leaving_a_value_that_is_shown_once_asks_first(built: Stage, visit: Visit) -> None:
    visitor = visit(built.cast.owner)
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    visitor.page.on("dialog", leave)
    visitor.open(url(built, "whatsapp:detail", built.billing.public_id))
    visitor.press("Make an agent key")
    visitor.turn_to("People")
    visitor.page.get_by_role("heading", name="People", level=1).wait_for()
    assert asked == ["beforeunload"]
