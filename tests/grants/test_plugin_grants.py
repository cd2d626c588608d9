from typing import Any

import pytest

from grants.changes import plugins, toolkits
from grants.models import OrganizationToolkit, PermissionGrant, PluginGrant, ToolGrant, ToolkitGrant
from installations.models import Installation
from kasilabs.accounts import audit
from kasilabs.lib.refusal import Refused
from kasilabs.toolkits.catalogue import Toolkit
from tests.grants.conftest import Desk
from tests.support import factories
from tests.support.factories import Cast

ON, OFF = ToolGrant.State.ON, ToolGrant.State.OFF
TOOL, KEY = "create_support_ticket", "support:tickets:create"


def tools(grant: PluginGrant) -> list[str]:
    return sorted(grant.enabled_tools())


def keys(grant: PluginGrant) -> list[str]:
    return sorted(grant.enabled_permissions())


def test_a_grant_turns_all_tools_on_and_the_permissions_the_manifest_ticks(desk: Desk) -> None:
    grant = desk.grant()
    assert tools(grant) == [TOOL, "find_support_ticket"]
    assert keys(grant) == [KEY]
    assert [entry.after for entry in desk.entries()] == [
        {
            "plugin": "SUPPORT_DESK",
            "mode": "sandbox",
            "tools": [TOOL, "find_support_ticket"],
            "permissions": [KEY],
        }
    ]


def test_a_grant_turns_only_the_named_ones_on(desk: Desk) -> None:
    grant = desk.grant(tools=["find_support_ticket"], permissions=[])
    assert (tools(grant), keys(grant)) == (["find_support_ticket"], [])


def test_granting_again_changes_nothing_and_notes_nothing(desk: Desk) -> None:
    first = desk.grant(tools=[TOOL], permissions=[])
    assert desk.grant() == first
    assert tools(first) == [TOOL]
    assert len(desk.entries()) == 1


def test_granting_again_adds_what_is_named_besides(desk: Desk) -> None:
    desk.grant(tools=[TOOL], permissions=[])
    grant = desk.grant(tools=["find_support_ticket"], permissions=["support:tickets:read"])
    assert (tools(grant), keys(grant)) == ([TOOL, "find_support_ticket"], ["support:tickets:read"])
    assert desk.entries()[-1].after["tools"] == ["find_support_ticket"]


def test_another_mode_replaces_the_grant_with_all_its_cells(desk: Desk) -> None:
    before = desk.grant()
    live = desk.install_live()
    grant = plugins.grant_plugin(
        instance=desk.legal, installation=live, tools=[TOOL], permissions=[], actor=factories.ACTOR
    )
    assert list(PluginGrant.objects.all()) == [grant]
    assert (grant.installation, tools(grant), keys(grant)) == (live, [TOOL], [])
    assert desk.entries()[-1].before["mode"] == "sandbox"
    with pytest.raises(Refused, match="any more"):
        plugins.set_tool(grant=before, tool="find_support_ticket", state=ON, actor=factories.ACTOR)


def test_a_grant_stays_inside_one_organization(desk: Desk, cast: Cast) -> None:
    theirs = factories.number(cast.rival, "Rival Desk")
    with pytest.raises(Refused) as refused:
        desk.grant(theirs)
    assert refused.value.code == "other_organization"
    assert not PluginGrant.objects.exists()


def test_a_stranger_grants_nothing(desk: Desk, cast: Cast) -> None:
    stranger = audit.Actor.person(cast.stranger)
    with pytest.raises(Refused) as refused:
        plugins.grant_plugin(
            instance=desk.legal, installation=desk.installation, tools=None, permissions=None, actor=stranger
        )
    assert refused.value.code == "other_organization"
    assert not PluginGrant.objects.exists()
    assert desk.entries() == []


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"tools": ["delete_everything"]}, "unknown_tool"),
        ({"permissions": ["bridge:payments:refund"]}, "unknown_permission"),
    ],
)
def test_a_grant_knows_only_what_the_manifest_has(desk: Desk, chosen: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        desk.grant(**chosen)
    assert refused.value.code == code
    assert not PluginGrant.objects.exists()


def test_a_removed_installation_is_not_granted(desk: Desk) -> None:
    Installation.objects.update(state=Installation.State.REMOVED)
    with pytest.raises(Refused) as refused:
        desk.grant()
    assert refused.value.code == "installation_removed"


def test_a_tool_is_turned_off_and_on_and_each_change_is_noted_once(desk: Desk) -> None:
    grant = desk.grant()
    for state in (OFF, OFF, ON, ON):
        plugins.set_tool(grant=grant, tool=TOOL, state=state, actor=factories.ACTOR)
    assert TOOL in tools(grant)
    noted = [(entry.target_name, entry.before, entry.after) for entry in desk.entries()[1:]]
    assert noted == [
        ("Legal Consultations", {TOOL: "on"}, {TOOL: "off", "plugin": "SUPPORT_DESK"}),
        ("Legal Consultations", {TOOL: "off"}, {TOOL: "on", "plugin": "SUPPORT_DESK"}),
    ]


def test_a_permission_is_turned_off_and_on_and_each_change_is_noted_once(desk: Desk) -> None:
    grant = desk.grant()
    for on in (False, False, True, True):
        plugins.set_permission(grant=grant, key=KEY, on=on, actor=factories.ACTOR)
    assert keys(grant) == [KEY]
    assert [entry.after[KEY] for entry in desk.entries()[1:]] == ["off", "on"]


def test_a_cell_that_does_not_exist_is_refused(desk: Desk) -> None:
    grant = desk.grant()
    with pytest.raises(Refused, match="no tool"):
        plugins.set_tool(grant=grant, tool="nope", state=ON, actor=factories.ACTOR)
    with pytest.raises(Refused, match="no permission"):
        plugins.set_permission(grant=grant, key="no:such", on=True, actor=factories.ACTOR)
    assert len(desk.entries()) == 1


def test_taking_a_plugin_back_takes_all_its_cells_and_leaves_other_numbers_alone(desk: Desk) -> None:
    desk.grant()
    other = desk.grant(desk.billing)
    plugins.revoke_plugin(instance=desk.legal, installation=desk.installation, actor=factories.ACTOR)
    plugins.revoke_plugin(instance=desk.legal, installation=desk.installation, actor=factories.ACTOR)
    assert list(PluginGrant.objects.all()) == [other]
    assert ToolGrant.objects.count() == 2
    assert PermissionGrant.objects.count() == 1
    assert [entry.action for entry in desk.entries()] == ["grant.made", "grant.made", "grant.taken_back"]


def test_a_cell_of_a_grant_that_was_taken_back_is_not_brought_back(desk: Desk) -> None:
    grant = desk.grant()
    plugins.revoke_plugin(instance=desk.legal, installation=desk.installation, actor=factories.ACTOR)
    with pytest.raises(Refused) as refused:
        plugins.set_permission(grant=grant, key=KEY, on=True, actor=factories.ACTOR)
    assert refused.value.code == "not_granted"
    assert not PermissionGrant.objects.exists()


def test_a_toolkit_is_installed_and_granted_once(desk: Desk) -> None:
    for _time in range(2):
        toolkits.install(organization=desk.organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
        toolkits.grant(instance=desk.legal, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert list(ToolkitGrant.objects.values_list("instance__name", "toolkit")) == [("Legal Consultations", "PAYMENTS")]
    assert [entry.action for entry in desk.entries()] == ["toolkit.installed", "toolkit.granted"]


def test_a_toolkit_is_not_granted_before_it_is_installed(desk: Desk) -> None:
    with pytest.raises(Refused) as refused:
        toolkits.grant(instance=desk.legal, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert refused.value.code == "toolkit_not_installed"
    assert not ToolkitGrant.objects.exists()


def test_removing_a_toolkit_takes_it_back_from_every_number(desk: Desk) -> None:
    toolkits.install(organization=desk.organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    for instance in (desk.legal, desk.billing):
        toolkits.grant(instance=instance, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    toolkits.remove(organization=desk.organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert not OrganizationToolkit.objects.exists()
    assert not ToolkitGrant.objects.exists()
    assert desk.entries()[-1].before == {"numbers": ["Billing Support", "Legal Consultations"]}


def test_taking_a_toolkit_back_leaves_the_organization_its_own(desk: Desk) -> None:
    toolkits.install(organization=desk.organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    toolkits.grant(instance=desk.legal, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    for _time in range(2):
        toolkits.revoke(instance=desk.legal, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)
    assert OrganizationToolkit.objects.count() == 1
    assert not ToolkitGrant.objects.exists()
    assert len(desk.entries()) == 3
