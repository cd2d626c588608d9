"""Two pages of one wizard: none of them grants, or overwrites, what it did not show."""

import html
import re
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from grants.changes import plugins
from grants.models import PermissionGrant, PluginGrant, ToolkitGrant
from installations import lifecycle
from installations.models import Installation
from kasilabs.lib.states import Mode
from kasilabs.whatsapp.models import Instance
from plugins.models import Version
from tests.grants.conftest import CREATE, ORDER, PAY
from tests.grants.install_steps import CANARY, PAGE, SOUND, choose, nothing_was_installed
from tests.support import factories
from tests.support.factories import ACTOR
from tests.support.visits import As, hidden_fields, page, send

STEPS = ("permissions", "numbers", "configuration")
Tab = dict[str, str]


@pytest.fixture
def admin(support_desk: Version, cast: factories.Cast, as_: As) -> Client:
    return as_(cast.admin)


@pytest.fixture
def billing(legal: Instance, cast: factories.Cast) -> Instance:
    return cast.organization.instances.get(name="Billing Support")


@pytest.fixture
def tabs(admin: Client, legal: Instance, billing: Instance) -> dict[str, Tab]:
    """Every step as it was open in one tab, nothing allowed on one number, before another tab saved other choices."""
    choose(admin, [legal.public_id])
    opened = {step: hidden_fields(admin.get(f"{PAGE}{step}/")) for step in STEPS}
    choose(admin, [billing.public_id], CREATE, PAY, toolkits=("ESCALATIONS",))
    return opened


def kept(client: Client) -> dict[str, Any]:
    (draft,) = [dict[str, Any](value) for name, value in client.session.items() if name.startswith("install:")]
    return {name: draft[name] for name in ("permissions", "numbers", "toolkits")}


def button(answer: Any, label: str) -> Tab:
    """What the button with this label adds to the form it sends."""
    found = re.search(rf'name="(\w+)" value="([^"]+)">\s*{label}', page(answer))
    assert found, label
    return {found[1]: html.unescape(found[2])}


def test_install_grants_nothing_that_another_tab_chose(admin: Client, tabs: dict[str, Tab]) -> None:
    answer = admin.post(PAGE + "configuration/", {**tabs["configuration"], **SOUND})
    assert answer.status_code == 409
    assert nothing_was_installed()


def test_the_answer_shows_both_choices(admin: Client, tabs: dict[str, Tab]) -> None:
    shown = page(admin.post(PAGE + "configuration/", {**tabs["configuration"], **SOUND}))
    cells = re.findall(r'<th scope="row">(\w+)</th><td class="k-wrap">(.*?)</td><td class="k-wrap">(.*?)</td>', shown)
    assert cells == [
        ("Allowed", "Nothing", "Create tickets, Ask the customer to pay"),
        ("Numbers", "Legal Consultations", "Billing Support"),
        ("Toolkits", "None", "ESCALATIONS"),
    ]


def test_what_was_typed_stays_and_secrets_are_asked_for_again(admin: Client, tabs: dict[str, Tab]) -> None:
    shown = page(admin.post(PAGE + "configuration/", {**tabs["configuration"], **SOUND}))
    assert 'value="billing"' in shown
    assert "Enter it again." in shown
    assert CANARY not in shown


def test_a_person_goes_on_with_what_the_page_said(admin: Client, tabs: dict[str, Tab], legal: Instance) -> None:
    answer = admin.post(PAGE + "configuration/", {**tabs["configuration"], **SOUND})
    again = {**hidden_fields(answer), **button(answer, "Install what this page says"), **SOUND}
    assert admin.post(PAGE + "configuration/", again)["Location"] == PAGE + "test/"
    assert PluginGrant.objects.get().instance == legal
    assert (PermissionGrant.objects.count(), ToolkitGrant.objects.count()) == (0, 0)


def test_a_person_goes_on_with_what_was_saved(admin: Client, tabs: dict[str, Tab], billing: Instance) -> None:
    answer = admin.post(PAGE + "configuration/", {**tabs["configuration"], **SOUND})
    again = {**hidden_fields(answer), **button(answer, "Install what was saved"), **SOUND}
    assert admin.post(PAGE + "configuration/", again)["Location"] == PAGE + "test/"
    assert PluginGrant.objects.get().instance == billing
    assert set(PermissionGrant.objects.values_list("key", flat=True)) == {CREATE, PAY}


def test_a_third_tab_is_a_conflict_again(admin: Client, tabs: dict[str, Tab]) -> None:
    answer = admin.post(PAGE + "configuration/", {**tabs["configuration"], **SOUND})
    choose(admin, [], ORDER)
    again = {**hidden_fields(answer), **button(answer, "Install what this page says"), **SOUND}
    assert admin.post(PAGE + "configuration/", again).status_code == 409
    assert nothing_was_installed()


@pytest.mark.parametrize(("step", "chosen"), [("permissions", {"permissions": [ORDER]}), ("numbers", {"numbers": []})])
def test_an_earlier_step_overwrites_nothing_before_the_person_decided(
    admin: Client, tabs: dict[str, Tab], step: str, chosen: dict[str, list[str]]
) -> None:
    before = kept(admin)
    answer = admin.post(f"{PAGE}{step}/", {**tabs[step], **chosen})
    assert (answer.status_code, kept(admin)) == (409, before)
    assert f'<a class="btn" href="{PAGE}">Go on with what was saved</a>' in page(answer)
    assert admin.post(f"{PAGE}{step}/", {**hidden_fields(answer), **chosen}).status_code == 302
    assert kept(admin) == {"permissions": [], "numbers": kept(admin)["numbers"], "toolkits": [], **chosen}


def test_the_same_choices_from_two_tabs_are_no_conflict(admin: Client, legal: Instance) -> None:
    opened = hidden_fields(admin.get(PAGE + "permissions/"))
    send(admin, PAGE + "permissions/", {"permissions": [CREATE]})
    answer = admin.post(PAGE + "permissions/", {**opened, "permissions": [CREATE]})
    assert answer["Location"] == PAGE + "numbers/"


@pytest.mark.parametrize("sent", [{}, {"shown": "x"}, {"shown": signing.dumps({"digest": "x"})}, {"shown": "\0é:x"}])
def test_a_form_that_does_not_say_what_its_page_showed_saves_nothing(
    admin: Client, legal: Instance, sent: dict[str, str]
) -> None:
    choose(admin, [legal.public_id], CREATE)
    before = kept(admin)
    assert admin.post(PAGE + "permissions/", {**sent, "permissions": [PAY]}).status_code == 409
    for step in ("numbers", "configuration"):
        assert admin.post(f"{PAGE}{step}/", {**sent, **SOUND})["Location"] == PAGE + "permissions/"
    assert kept(admin) == before
    assert nothing_was_installed()


def test_a_draft_of_another_plugin_is_none_of_this_one(admin: Client, legal: Instance, cast: factories.Cast) -> None:
    factories.version(cast.organization, slug="HELP_DESK")
    other = hidden_fields(admin.get("/o/kasi-legal/installations/new/HELP_DESK/permissions/"))
    choose(admin, [legal.public_id], CREATE)
    assert admin.post(PAGE + "configuration/", {**other, **SOUND})["Location"] == PAGE + "permissions/"
    assert nothing_was_installed()


def test_a_page_from_before_signing_out_can_still_be_decided_upon(
    admin: Client, legal: Instance, cast: factories.Cast, as_: As
) -> None:
    choose(admin, [legal.public_id], CREATE)
    opened = hidden_fields(admin.get(PAGE + "configuration/"))
    again = as_(cast.admin)
    answer = again.post(PAGE + "configuration/", {**opened, **SOUND})
    assert answer.status_code == 409
    decided = {**hidden_fields(answer), **button(answer, "Install what this page says"), **SOUND}
    assert again.post(PAGE + "configuration/", decided)["Location"] == PAGE + "test/"
    assert PluginGrant.objects.get().instance == legal


def test_a_version_that_came_in_is_looked_at_before_its_permissions_are_chosen(
    admin: Client, cast: factories.Cast
) -> None:
    opened = hidden_fields(admin.get(PAGE + "permissions/"))
    factories.version(cast.organization, version="1.1.0")
    answer = admin.post(PAGE + "permissions/", {**opened, "permissions": [CREATE]})
    assert answer.status_code == 409
    assert "Look at what version 1.1.0 asks for, and choose again." in page(answer)
    assert admin.post(PAGE + "permissions/", {**hidden_fields(answer), "permissions": [CREATE]}).status_code == 302


def test_what_somebody_installed_meanwhile_is_said_and_left_as_it_is(
    admin: Client, tabs: dict[str, Tab], support_desk: Version, cast: factories.Cast
) -> None:
    lifecycle.install(organization=cast.organization, version=support_desk, mode=Mode.SANDBOX, user=None, actor=ACTOR)
    answer = admin.post(PAGE + "configuration/", {**tabs["configuration"], **SOUND}, follow=True)
    assert answer.redirect_chain == [(PAGE + "test/", 302)]
    assert "Support Desk is installed already." in page(answer)
    assert (Installation.objects.get().values, PluginGrant.objects.count()) == ({}, 0)


def test_no_live_installation_is_taken_from_a_number_before_the_page_said_so(
    admin: Client, legal: Instance, support_desk: Version, cast: factories.Cast
) -> None:
    choose(admin, [legal.public_id], CREATE)
    opened = hidden_fields(admin.get(PAGE + "configuration/"))
    live = lifecycle.install(
        organization=cast.organization, version=support_desk, mode=Mode.LIVE, user=None, actor=ACTOR
    ).installation
    granted = plugins.grant_plugin(instance=legal, installation=live, tools=None, permissions=None, actor=ACTOR)
    answer = admin.post(PAGE + "configuration/", {**opened, **SOUND})
    assert answer.status_code == 409
    assert "Legal Consultations loses the live installation of this plugin" in page(answer)
    assert PluginGrant.objects.get() == granted
    assert admin.post(PAGE + "configuration/", {**hidden_fields(answer), **SOUND})["Location"] == PAGE + "test/"
    assert PluginGrant.objects.get().installation.mode == "sandbox"
