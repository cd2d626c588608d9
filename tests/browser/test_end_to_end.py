"""From a manifest to a call: a developer publishes and installs, an admin grants, an agent calls, an operator reads."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from kasilabs.accounts.models import User
from kasilabs.logs.gates import CALL_GATES
from tests.browser import seed
from tests.browser.chromium import OpenWindow
from tests.browser.window import Window
from tests.support import factories, samples
from tests.support.gunicorn import Workers, free_port
from tests.support.waiting import HANGS_AFTER_SECONDS

pytestmark = pytest.mark.browser
DESCRIPTION = "Opens tickets in your support desk and tells customers how far they are."
TICKET = {"subject": "Wrong amount", "description": "The October invoice shows the wrong amount."}
SECRET = "desk-key-of-the-firm-7F2Q"
ERRORS = [
    ['  "version": "one",', "bad_format /version"],
    ['      "name": "Create Ticket",', "bad_format /tools/0/name"],
    [f'  "descripton": "{DESCRIPTION}"', "unknown_key /descripton"],
]
PASSED = [gate.value for gate in CALL_GATES]


def test_a_plugin_is_published_installed_granted_and_called(site: Workers, open_window: OpenWindow) -> None:
    cast = factories.cast()
    legal, billing = factories.number(cast.organization), factories.number(cast.organization, "Billing Support")
    port = free_port()
    developer = sign_in(open_window(), cast.developer)
    publish(developer, manifest(port))
    install(developer)
    with samples.running("support_desk", port, secret_shown(developer)):
        admin = sign_in(open_window(), cast.admin)
        keys = [key_shown(admin, number.name) for number in (legal, billing)]
        grant(admin, legal.name)
        make_test_call(developer)
        granted, other = (Agent(site.url, key) for key in keys)
        names = ["close_support_ticket", "create_support_ticket", "find_support_ticket", "request_callback"]
        assert granted.tools() == [f"support_desk__{name}" for name in names]
        assert other.tools() == []
        assert granted.call() == (200, {"status": "created", "reference": "T-1002", "queue": "billing"})
        assert other.call() == (403, "instance_grant")
    operator = sign_in(open_window(), cast.operator)
    read_succeeded_call(operator)
    read_refused_call(operator)


@dataclass
class Agent:
    """The agent of a number: a program somewhere else that has its key."""

    url: str
    key: str

    def tools(self) -> list[str]:
        response = requests.get(f"{self.url}/agent/v1/tools", headers=self._headers(), timeout=HANGS_AFTER_SECONDS)
        return [tool["name"] for tool in response.json()["tools"]]

    def call(self) -> tuple[int, Any]:
        """Return the status, and what the plugin answered or the gate that refused."""
        url, body = f"{self.url}/agent/v1/calls", {"tool": "support_desk__create_support_ticket", "input": TICKET}
        response = requests.post(url, json=body, headers=self._headers(), timeout=HANGS_AFTER_SECONDS)
        document = response.json()
        return response.status_code, document.get("output") or document["gate"]

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def manifest(port: int) -> str:
    """Return the manifest of the sample plugin, with its endpoint at a port of this machine."""
    document = json.loads(seed.sample_manifest("support_desk"))
    return json.dumps({**document, "baseUrl": f"http://127.0.0.1:{port}/tools"}, indent=2)


def sign_in(window: Window, person: User) -> Window:
    window.open("/")
    window.page.get_by_label("Email").fill(person.email)
    window.page.get_by_label("Password").fill(factories.PASSWORD)
    window.click_button("Sign in")
    window.wait_for_heading("Overview")
    return window


def publish(developer: Window, manifest: str) -> None:
    """Paste a manifest with three errors, see them beside their lines, mend it, and read what became of it."""
    developer.click_navigation("Developer area")
    developer.click_link("Add a plugin")
    developer.expected_statuses = {422}
    developer.page.get_by_label("Manifest", exact=True).fill(seed.with_three_errors(manifest.encode()))
    developer.click_button("Check and add")
    developer.page.locator(".k-summary:focus", has_text="3 things in this manifest need a change").wait_for()
    wrong = developer.page.locator(".k-src .wrong").all()
    assert [line.locator("code").all_inner_texts() for line in wrong] == ERRORS
    developer.page.get_by_label("Manifest", exact=True).fill(manifest)
    developer.click_button("Check and add")
    developer.page.get_by_role("heading", name="Support Desk 1.0.0").wait_for()
    developer.wait_for_text("Every tool has a strict input schema")


def install(developer: Window) -> None:
    developer.click_link("Install in the sandbox")
    developer.wait_for_text("Create support tickets")
    developer.click_button("Save and continue")
    developer.wait_for_text("These people decide which WhatsApp numbers may use it")
    developer.click_button("Save and continue")
    developer.click_button("Install and continue")
    developer.wait_for_text("Needs another look")
    developer.page.get_by_label("Default queue").fill("billing")
    developer.page.get_by_label("API key").fill(SECRET)
    developer.click_button("Install and continue")
    developer.wait_for_text("No WhatsApp number may use it yet.")


def secret_shown(developer: Window) -> str:
    """Look at the signing secrets, which is possible once, and return the one for tool calls."""
    developer.click_button("Show the secrets once")
    shown = developer.page.locator("#secret_tool").inner_text()
    for box in developer.page.get_by_label("I have stored it").all():
        box.check()
    developer.click_link("Back to SUPPORT_DESK")
    developer.wait_for_text("Shown once already.")
    return shown


def key_shown(admin: Window, number: str) -> str:
    admin.click_navigation("WhatsApp numbers")
    admin.click_link(number)
    admin.click_button("Make an agent key")
    shown = admin.page.locator("#agent_key").inner_text()
    admin.page.get_by_label("I have stored it").check()
    return shown


def grant(admin: Window, number: str) -> None:
    """Grant the plugin to one number, then turn on the permission that its author does not ask for by default."""
    admin.click_navigation("Permission matrix")
    admin.click_button(f"Grant Support Desk to {number}")
    admin.wait_for_announcement(f"Support Desk is granted to {number}.")
    admin.click_button(f"Read support tickets for {number}: Off")
    admin.wait_for_announcement(f"Read support tickets is on for {number}")
    admin.page.get_by_role("button", name=f"Find a support ticket for {number}: On").wait_for()


def make_test_call(developer: Window) -> None:
    """Make the test call of the last install step; its result is the plugin's own."""
    developer.click_link("Open the installed plugin")
    developer.click_link("Test call")
    developer.click_link("create_support_ticket")
    developer.click_button("Make the test call")
    developer.wait_for_text("T-1001")


def read_succeeded_call(operator: Window) -> None:
    operator.click_navigation("Plugin logs")
    operator.page.get_by_role("row", name="Succeeded").first.get_by_role("link").click()
    call = operator.page.locator("#drawer")
    call.get_by_role("heading", name="support_desk__create_support_ticket").wait_for()
    assert [gate.inner_text() for gate in call.locator(".k-gates li:has(.ok) code").all()] == PASSED
    assert "T-1002" in call.inner_text()
    assert SECRET not in operator.page.content()


def read_refused_call(operator: Window) -> None:
    operator.click_link("Close this call")
    operator.page.get_by_role("row", name="Refused").get_by_role("link").click()
    stop = operator.page.locator("#drawer .k-gates .stop")
    assert re.split(r"\s*\n\s*", stop.inner_text())[0] == "instance_grant"
    operator.click_link("How these gates stand now")
    operator.page.get_by_role("heading", name="Why is this blocked?").wait_for()
    operator.wait_for_text("Support Desk is not granted to Billing Support.")
