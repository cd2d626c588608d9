import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from grants.changes import plugins, toolkits
from grants.matrix.build import build_matrix, matrix_rows
from grants.matrix.cells_html import cell_id
from grants.matrix.filter import MatrixFilter
from grants.models import PluginGrant, ToolGrant
from installations.models import Installation
from kasilabs.accounts.models import AuditEntry
from kasilabs.toolkits.catalogue import Toolkit
from kasilabs.whatsapp.models import Instance
from tests.grants.conftest import Desk
from tests.support import factories
from tests.support.visits import As, hidden_fields, page

PAGE = "/o/kasi-legal/grants/"
HTMX = {"HX-Request": "true"}
TOOL, KEY, PAY = "create_support_ticket", "support:tickets:create", "bridge:payments:initiate"
ROWS = [TOOL, "find_support_ticket", KEY, "support:tickets:read", PAY]


def states(desk: Desk, instance: Instance) -> dict[str, str]:
    """What the matrix shows for a number, by row."""
    (group,) = build_matrix(desk.organization, MatrixFilter()).groups
    access = next(access for access in group.accesses if access.instance == instance)
    return {row.name: access.cells[row.name].value for row in group.rows}


def tool_cell(desk: Desk) -> str:
    """The `id` of the cell of the first tool on the first number."""
    return cell_id(desk.legal, desk.installation, matrix_rows(desk.installation.version.manifest)[0])


def value(grant: PluginGrant, name: str) -> str:
    return f"{grant.id.hex}:{name}"


def test_the_rows_are_tools_then_permissions(desk: Desk) -> None:
    (group,) = build_matrix(desk.organization, MatrixFilter()).groups
    assert [row.name for row in group.rows] == ROWS
    assert [row.tags for row in group.rows] == [["writes"], [], ["writes"], [], ["money"]]


def test_a_plugin_that_is_not_granted_is_blocked_everywhere(desk: Desk) -> None:
    desk.grant()
    assert set(states(desk, desk.billing).values()) == {"blocked"}
    (group,) = build_matrix(desk.organization, MatrixFilter()).groups
    assert [(access.instance.name, access.on_count, access.grant is None) for access in group.accesses] == [
        ("Billing Support", 0, True),
        ("Legal Consultations", 3, False),
    ]


def test_a_cell_says_what_takes_effect(desk: Desk) -> None:
    grant = desk.grant()
    assert list(states(desk, desk.legal).values()) == ["on", "on", "on", "off", "off"]
    plugins.set_permission(grant=grant, key=KEY, on=False, actor=factories.ACTOR)
    plugins.set_tool(grant=grant, tool="find_support_ticket", state=ToolGrant.State.OFF, actor=factories.ACTOR)
    assert list(states(desk, desk.legal).values()) == ["blocked", "off", "off", "off", "off"]


def test_a_bridge_permission_waits_for_its_toolkit(desk: Desk) -> None:
    desk.grant(permissions=["bridge:payments:initiate"])
    assert states(desk, desk.legal)["bridge:payments:initiate"] == "blocked"
    toolkits.install(organization=desk.organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert states(desk, desk.legal)["bridge:payments:initiate"] == "blocked"
    toolkits.grant(instance=desk.legal, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert states(desk, desk.legal)["bridge:payments:initiate"] == "on"


@pytest.mark.parametrize("what", ["number", "installation"])
def test_a_suspended_number_or_plugin_blocks_all_its_cells(desk: Desk, what: str) -> None:
    desk.grant()
    model = Instance if what == "number" else Installation
    model.objects.update(state="suspended")
    assert set(states(desk, desk.legal).values()) == {"blocked"}


def test_the_other_mode_of_a_plugin_stands_in_the_way(desk: Desk) -> None:
    desk.grant()
    live = desk.install_live()
    groups = build_matrix(desk.organization, MatrixFilter()).groups
    assert [group.installation for group in groups] == [live, desk.installation]
    (access,) = [access for access in groups[0].accesses if access.instance == desk.legal]
    assert (access.grant, access.other_mode is not None, access.on_count) == (None, True, 0)


def test_the_page_shows_each_cell_once_with_what_it_is_for(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    shown = page(as_(cast.admin).get(PAGE))
    anchor = tool_cell(desk)
    assert shown.count(f'id="{anchor}"') == 1
    assert 'aria-label="Create support ticket for Legal Consultations: On">On</button>' in shown
    assert "3 of 5 on" in shown
    assert 'aria-label="Grant Support Desk to Billing Support"' in shown
    assert f'href="explain/?number={desk.billing.public_id}&amp;tool=support_desk__{TOOL}"' in shown


def test_somebody_who_may_only_look_gets_words_and_no_button(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    shown = page(as_(cast.viewer).get(PAGE))
    table = shown[shown.index("k-mx") : shown.index("</table>")]
    assert '<span id="' in table
    assert "<button" not in table
    assert "Take back" not in table


def test_a_cell_is_turned_off_without_script(desk: Desk, cast: factories.Cast, as_: As) -> None:
    grant = desk.grant()
    answer = as_(cast.admin).post(f"{PAGE}cells/", {"off": value(grant, TOOL), "back": "q=ticket&evil=1"})
    anchor = tool_cell(desk)
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?q=ticket#{anchor}")
    assert states(desk, desk.legal)[TOOL] == "off"
    entry = AuditEntry.objects.filter(action="grant.tool_set").get()
    assert (entry.actor, entry.after[TOOL]) == (cast.admin.email, "off")


def test_a_cell_is_swapped_with_what_its_change_moves_and_nothing_else(
    desk: Desk, cast: factories.Cast, as_: As
) -> None:
    grant = desk.grant()
    answer = as_(cast.admin).post(f"{PAGE}cells/", {"off": value(grant, KEY), "back": ""}, headers=HTMX)
    body = page(answer)
    assert answer.status_code == 200
    assert re.findall(r'class="k-cell (\w+)"', body) == ["blocked", "off"]
    assert body.count("hx-swap-oob=true") == 3
    assert "1 of 5 on" in body
    assert "Create tickets is off for Legal Consultations</div>" in body


def test_a_swap_brings_only_the_rows_the_page_shows(desk: Desk, cast: factories.Cast, as_: As) -> None:
    grant = desk.grant()
    back = f"q=find&number={desk.legal.public_id}"
    answer = as_(cast.admin).post(f"{PAGE}cells/", {"off": value(grant, KEY), "back": back}, headers=HTMX)
    assert page(answer).count("hx-swap-oob=true") == 1


def test_a_cell_that_stays_blocked_says_so(desk: Desk, cast: factories.Cast, as_: As) -> None:
    grant = desk.grant(tools=[], permissions=[])
    answer = as_(cast.admin).post(f"{PAGE}cells/", {"on": value(grant, TOOL)}, headers=HTMX)
    assert "Create support ticket is turned on for Legal Consultations, but still blocked" in page(answer)


@pytest.mark.parametrize("posted", ["", "x", "0" * 32, "0" * 32 + ":a b", f"{'0' * 32}:{TOOL}\n"])
def test_a_button_that_was_never_drawn_is_not_found(desk: Desk, cast: factories.Cast, as_: As, posted: str) -> None:
    assert as_(cast.admin).post(f"{PAGE}cells/", {"on": posted}).status_code == 404


def test_a_cell_of_a_grant_that_is_gone_is_not_saved(desk: Desk, cast: factories.Cast, as_: As) -> None:
    grant = desk.grant()
    sent = {"on": value(grant, TOOL)}
    plugins.revoke_plugin(instance=grant.instance, installation=grant.installation, actor=factories.ACTOR)
    swapped = as_(cast.admin).post(f"{PAGE}cells/", sent, headers=HTMX)
    assert (swapped.status_code, "not granted to that number" in swapped["HX-Trigger"]) == (409, True)
    assert as_(cast.admin).post(f"{PAGE}cells/", sent)["Location"] == PAGE
    assert not ToolGrant.objects.exists()


def test_a_stranger_cannot_reach_a_cell_through_his_own_organization(desk: Desk, cast: factories.Cast, as_: As) -> None:
    grant = desk.grant()
    as_(cast.stranger).post("/o/rival-law/grants/cells/", {"off": value(grant, TOOL)})
    assert states(desk, desk.legal)[TOOL] == "on"


def test_a_plugin_is_granted_from_its_group(desk: Desk, cast: factories.Cast, as_: As) -> None:
    sent = {"grant": f"{desk.billing.public_id}:{desk.installation.public_id}"}
    body = page(as_(cast.admin).post(f"{PAGE}grant/", sent, headers=HTMX))
    assert "3 of 5 on" in body
    assert "Support Desk is granted to Billing Support." in body
    assert PluginGrant.objects.get().instance == desk.billing


def test_replacing_the_other_mode_asks_first(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    live = desk.install_live()
    sent = {"grant": f"{desk.legal.public_id}:{live.public_id}"}
    asked = as_(cast.admin).post(f"{PAGE}grant/", sent, follow=True)
    assert "tools: 2, permissions: 1" in page(asked)
    assert PluginGrant.objects.get().installation == desk.installation
    as_(cast.admin).post(f"{PAGE}grant/", {**hidden_fields(asked), **sent})
    assert PluginGrant.objects.get().installation == live


def test_a_replacement_takes_nothing_away_that_its_page_did_not_name(desk: Desk, cast: factories.Cast, as_: As) -> None:
    admin, live = as_(cast.admin), desk.install_live()
    sent = {"grant": f"{desk.legal.public_id}:{live.public_id}"}
    opened = hidden_fields(admin.get(f"{PAGE}grant/?number={desk.legal.public_id}&installation={live.public_id}"))
    granted = desk.grant(tools=[TOOL])
    answer = admin.post(f"{PAGE}grant/", {**opened, **sent})
    assert answer.status_code == 409
    assert "The page said: nothing" in page(answer)
    assert f"Now it is: Sandbox, {TOOL}, {KEY}" in page(answer)
    assert PluginGrant.objects.get() == granted
    assert admin.post(f"{PAGE}grant/", {**hidden_fields(answer), **sent}).status_code == 302
    assert PluginGrant.objects.get().installation == live


def test_a_number_that_has_the_plugin_is_granted_it_again(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant(tools=[TOOL])
    url = f"{PAGE}grant/?number={desk.legal.public_id}&installation={desk.installation.public_id}"
    sent = {"grant": f"{desk.legal.public_id}:{desk.installation.public_id}"}
    answer = as_(cast.admin).post(f"{PAGE}grant/", {**hidden_fields(as_(cast.admin).get(url)), **sent})
    assert answer.status_code == 302
    assert PluginGrant.objects.get().enabled_tools() == {TOOL}


def test_taking_a_plugin_back_asks_first(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    admin = as_(cast.admin)
    url = f"{PAGE}take-back/?number={desk.legal.public_id}&installation={desk.installation.public_id}"
    asked = admin.get(url)
    assert "tools: 2, permissions: 1" in page(asked)
    assert PluginGrant.objects.count() == 1
    sent = {"take_back": f"{desk.legal.public_id}:{desk.installation.public_id}"}
    admin.post(f"{PAGE}take-back/", {**hidden_fields(asked), **sent})
    assert not PluginGrant.objects.exists()
    assert "nothing to take back" in page(admin.get(url))
    assert admin.post(f"{PAGE}take-back/", {**hidden_fields(asked), **sent}).status_code == 302


def test_nothing_is_taken_back_that_the_page_did_not_name(desk: Desk, cast: factories.Cast, as_: As) -> None:
    granted, admin = desk.grant(tools=[TOOL]), as_(cast.admin)
    sent = {"take_back": f"{desk.legal.public_id}:{desk.installation.public_id}"}
    url = f"{PAGE}take-back/?number={desk.legal.public_id}&installation={desk.installation.public_id}"
    opened = hidden_fields(admin.get(url))
    plugins.set_tool(grant=granted, tool="find_support_ticket", state=ToolGrant.State.ON, actor=factories.ACTOR)
    for stale in (opened, {}):
        answer = admin.post(f"{PAGE}take-back/", {**stale, **sent})
        assert answer.status_code == 409
        assert f"Now it is: Sandbox, {TOOL}, find_support_ticket, {KEY}" in page(answer)
        assert PluginGrant.objects.exists()
    admin.post(f"{PAGE}take-back/", {**hidden_fields(answer), **sent})
    assert not PluginGrant.objects.exists()


def test_the_filter_stands_in_the_url(desk: Desk, cast: factories.Cast, as_: As) -> None:
    shown = page(as_(cast.viewer).get(PAGE, {"q": "read TICKETS", "number": desk.legal.public_id}))
    assert "1 of 5 rows" in shown
    label = '<span class="k-label" title="Read tickets">Read tickets</span>'
    assert f"{label} <code>support:tickets:read</code>" in shown
    assert shown.count('scope="col"') == 2
    assert "Nothing matches" in page(as_(cast.viewer).get(PAGE, {"q": "zebra"}))


def test_further_plugins_stay_folded_until_they_are_opened(desk: Desk, cast: factories.Cast, as_: As) -> None:
    many = [{**factories.SUPPORT_DESK["tools"][0], "name": f"act_{index}", "permissions": []} for index in range(28)]
    other = factories.installation(desk.organization, slug="BIG_DESK", name="Big Desk", tools=many, permissions=[])
    groups = build_matrix(desk.organization, MatrixFilter()).groups
    assert [(group.installation, group.is_open) for group in groups] == [(other, True), (desk.installation, False)]
    opened = page(as_(cast.viewer).get(f"{PAGE}?{groups[1].toggle_query}"))
    assert opened.count('<th scope="row">') == 33
    assert page(as_(cast.viewer).get(f"{PAGE}?open=")).count('<th scope="row">') == 0


def test_a_page_without_numbers_or_plugins_says_the_next_act(cast: factories.Cast, as_: As) -> None:
    assert "No WhatsApp number yet" in page(as_(cast.admin).get(PAGE))
    factories.number(cast.organization)
    assert "No plugin installed yet" in page(as_(cast.admin).get(PAGE))


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        assert client.get(url).status_code == 200
    return len(caught)


def test_more_numbers_and_plugins_cost_no_further_query(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant()
    client = as_(cast.admin)
    client.get(PAGE)
    few = queries(client, PAGE)
    for index in range(3):
        instance = factories.number(desk.organization, f"Desk {index}")
        other = factories.installation(desk.organization, slug=f"DESK_{index}", configurationSchema=None)
        plugins.grant_plugin(instance=instance, installation=other, tools=None, permissions=None, actor=factories.ACTOR)
    client.get(PAGE)
    assert queries(client, PAGE) == few
    assert few - 3 <= 8


def test_a_name_from_outside_is_escaped_in_every_cell(desk: Desk, cast: factories.Cast, as_: As) -> None:
    Instance.objects.filter(pk=desk.legal.pk).update(name='"><b>x')
    desk.grant()
    shown = page(as_(cast.admin).get(PAGE))
    assert '"><b>x' not in shown
    assert "Create support ticket for &quot;&gt;&lt;b&gt;x: On" in shown


def test_a_cell_that_waits_for_something_says_what_in_its_title(desk: Desk, cast: factories.Cast, as_: As) -> None:
    desk.grant(permissions=[PAY])
    shown = page(as_(cast.viewer).get(PAGE))
    title = 'title="Not installed for this organization: PAYMENTS."'
    assert f'aria-label="Ask the customer to pay for Legal Consultations: Blocked" {title}>Blocked</a>' in shown
    assert shown.count(title) == 1


@pytest.mark.parametrize(
    ("annotations", "tags"),
    [
        ({}, ["writes"]),
        ({"readOnlyHint": True}, []),
        ({"readOnlyHint": True, "destructiveHint": True}, []),
        ({"destructiveHint": True}, ["writes", "deletes"]),
        ({"readOnlyHint": True, "openWorldHint": True}, ["leaves"]),
    ],
)
def test_a_permission_of_the_plugin_has_the_tags_of_the_tools_that_need_it(
    cast: factories.Cast, annotations: dict[str, bool], tags: list[str]
) -> None:
    own, bridge = factories.SUPPORT_DESK["permissions"][0], {"key": PAY, "reason": "Collects the fee."}
    tool = {**factories.SUPPORT_DESK["tools"][0], "permissions": [KEY, PAY], "annotations": annotations}
    free = {**tool, "name": "close_ticket", "permissions": [], "annotations": {"destructiveHint": True}}
    made = factories.version(cast.organization, permissions=[own, bridge], tools=[tool, free])
    assert [row.tags for row in matrix_rows(made.manifest)][2:] == [tags, ["money"]]
