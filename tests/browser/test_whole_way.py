"""A plugin goes its whole way: a developer brings it in, an admin grants it, an agent uses it, an operator looks."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from kasilabs.accounts.models import User
from tests.browser import stage
from tests.browser.conftest import Visit
from tests.browser.outside import Agent, Desk
from tests.browser.visitor import Visitor
from tests.support import factories
from tests.support.gunicorn import Workers, free_port

pytestmark = pytest.mark.browser
DESCRIPTION = "Opens tickets in your support desk and tells customers how far they are."
SECRET = "desk-key-of-the-firm-7F2Q"
FAULTS = [
    ['  "version": "one",', "bad_format /version"],
    ['      "name": "Create Ticket",', "bad_format /tools/0/name"],
    [f'  "descripton": "{DESCRIPTION}"', "unknown_key /descripton"],
]
PASSED = [
    *("number", "organization_installation", "plugin_state", "instance_grant", "tool_grant", "permission_grant"),
    *("toolkit_installation", "toolkit_grant", "configuration", "input_schema", "plugin_auth", "response"),
]


@pytest.fixture
def desk(settings: Any) -> Iterator[Desk]:
    settings.PLUGIN_HOSTS_ALLOWED = "127.0.0.1"
    desk = Desk(free_port())
    with desk.stack:
        yield desk


def test_a_plugin_goes_its_whole_way(desk: Desk, site: Workers, visit: Visit) -> None:
    cast = factories.cast()
    legal, billing = factories.number(cast.organization), factories.number(cast.organization, "Billing Support")
    developer = sign_in(visit(), cast.developer)
    publish(developer, desk.manifest())
    install(developer)
    desk.start(secret_shown(developer))

    admin = sign_in(visit(), cast.admin)
    keys = [key_shown(admin, number.name) for number in (legal, billing)]
    grant(admin, legal.name)
    try_it(developer)
    ours, other = (Agent(site.url, key) for key in keys)
    assert ours.tools() == ["support_desk__create_support_ticket", "support_desk__find_support_ticket"]
    assert other.tools() == []
    assert ours.call() == (200, {"status": "created", "reference": "T-1002", "queue": "billing"})
    assert other.call() == (403, "instance_grant")

    operator = sign_in(visit(), cast.operator)
    see_it_passed(operator)
    see_it_refused(operator)


def sign_in(visitor: Visitor, person: User) -> Visitor:
    visitor.open("/")
    visitor.page.get_by_label("Email").fill(person.email)
    visitor.page.get_by_label("Password").fill(factories.PASSWORD)
    visitor.press("Sign in")
    visitor.page.get_by_role("heading", name="Overview", level=1).wait_for()
    return visitor


def publish(developer: Visitor, manifest: str) -> None:
    """Paste a manifest with three faults, see them beside their lines, mend it, and read what became of it."""
    developer.turn_to("Developer area")
    developer.follow("Add a plugin")
    developer.expected = {422}
    developer.page.get_by_label("Manifest", exact=True).fill(stage.wrong(manifest.encode()))
    developer.press("Check and add")
    developer.page.locator(".k-summary:focus", has_text="3 things in this manifest need a change").wait_for()
    wrong = developer.page.locator(".k-src .wrong").all()
    assert [line.locator("code").all_inner_texts() for line in wrong] == FAULTS
    developer.page.get_by_label("Manifest", exact=True).fill(manifest)
    developer.press("Check and add")
    developer.page.get_by_role("heading", name="Support Desk 1.0.0").wait_for()
    developer.reads("Every tool has a strict input schema")


def install(developer: Visitor) -> None:
    developer.follow("Install in the sandbox")
    developer.reads("Create support tickets")
    developer.press("Save and continue")
    developer.reads("Which WhatsApp numbers may use it is granted by")
    developer.press("Save and continue")
    developer.press("Install and continue")
    developer.reads("Needs another look")
    developer.page.get_by_label("Default queue").fill("billing")
    developer.page.get_by_label("API key").fill(SECRET)
    developer.press("Install and continue")
    developer.reads("No WhatsApp number may use it yet.")


def secret_shown(developer: Visitor) -> str:
    """Look at the signing secrets, which is possible once, and return the one for tool calls."""
    developer.press("Show the secrets once")
    shown = developer.page.locator("#secret_tool").inner_text()
    for box in developer.page.get_by_label("I have stored it").all():
        box.check()
    developer.follow("Back to SUPPORT_DESK")
    developer.reads("Shown once already.")
    return shown


def key_shown(admin: Visitor, number: str) -> str:
    admin.turn_to("WhatsApp numbers")
    admin.follow(number)
    admin.press("Make an agent key")
    shown = admin.page.locator("#agent_key").inner_text()
    admin.page.get_by_label("I have stored it").check()
    return shown


def grant(admin: Visitor, number: str) -> None:
    """Grant the plugin to one number, then turn on the permission that its author does not ask for by default."""
    admin.turn_to("Permission matrix")
    admin.press(f"Grant Support Desk to {number}")
    admin.said(f"Support Desk is granted to {number}.")
    admin.press(f"support:tickets:read for {number}: Off")
    admin.said(f"support:tickets:read is on for {number}")
    admin.page.get_by_role("button", name=f"find_support_ticket for {number}: On").wait_for()


def try_it(developer: Visitor) -> None:
    """Make the test call of the last install step; its result is the plugin's own."""
    developer.follow("Install in the sandbox")
    developer.follow("create_support_ticket")
    developer.press("Make the test call")
    developer.reads("T-1001")


def see_it_passed(operator: Visitor) -> None:
    operator.turn_to("Plugin logs")
    operator.page.get_by_role("row", name="Succeeded").first.get_by_role("link").click()
    call = operator.page.locator("#drawer")
    call.get_by_role("heading", name="support_desk__create_support_ticket").wait_for()
    assert [gate.inner_text() for gate in call.locator(".k-gates li:has(.ok) code").all()] == PASSED
    assert "T-1002" in call.inner_text()
    assert SECRET not in operator.page.content()


def see_it_refused(operator: Visitor) -> None:
    operator.follow("Close this call")
    operator.page.get_by_role("row", name="Refused").get_by_role("link").click()
    stop = operator.page.locator("#drawer .k-gates .stop")
    assert re.split(r"\s*\n\s*", stop.inner_text())[0] == "instance_grant"
    operator.follow("How these gates stand now")
    operator.page.get_by_role("heading", name="Why is this blocked?").wait_for()
    operator.reads("Support Desk is not granted to Billing Support.")
