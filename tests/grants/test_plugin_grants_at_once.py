from functools import partial

import pytest

from grants.changes import plugins, toolkits
from grants.models import OrganizationToolkit, PluginGrant, ToolGrant, ToolkitGrant
from installations import lifecycle
from kasilabs.accounts import audit
from kasilabs.accounts.models import AuditEntry
from kasilabs.lib.states import Mode
from kasilabs.toolkits.catalogue import Toolkit
from tests.grants.conftest import MANIFEST
from tests.support import factories
from tests.support.concurrency import at_once, or_error

pytestmark = pytest.mark.django_db(transaction=True)
TOOL = "create_support_ticket"


def test_granting_both_modes_at_once_leaves_one_with_its_own_cells() -> None:
    organization = factories.organization()
    number, sandbox = factories.number(organization), factories.installation(organization, **MANIFEST)
    live = lifecycle.install(
        organization=organization, version=sandbox.version, mode=Mode.LIVE, user=None, actor=factories.ACTOR
    ).installation
    grant = partial(plugins.grant_plugin, instance=number, tools=[TOOL], permissions=[], actor=factories.ACTOR)
    at_once(*[partial(grant, installation=each) for each in (sandbox, live, sandbox, live)])
    assert PluginGrant.objects.count() == 1
    assert list(PluginGrant.objects.get().tools.values_list("tool", flat=True)) == [TOOL]
    assert audit.verify(organization.id.hex).is_whole


def test_one_tool_turned_on_by_four_at_once_is_noted_once() -> None:
    organization = factories.organization()
    installation = factories.installation(organization, **MANIFEST)
    grant = plugins.grant_plugin(
        instance=factories.number(organization),
        installation=installation,
        tools=[],
        permissions=[],
        actor=factories.ACTOR,
    )
    at_once(*[partial(plugins.set_tool, grant=grant, tool=TOOL, state=ToolGrant.State.ON, actor=factories.ACTOR)] * 4)
    assert ToolGrant.objects.count() == 1
    assert AuditEntry.objects.filter(action="grant.tool_set").count() == 1


def test_a_tool_turned_on_while_its_plugin_is_taken_back_leaves_nothing_behind() -> None:
    organization = factories.organization()
    installation = factories.installation(organization, **MANIFEST)
    grant = plugins.grant_plugin(
        instance=factories.number(organization),
        installation=installation,
        tools=[],
        permissions=[],
        actor=factories.ACTOR,
    )
    turn_on = partial(plugins.set_tool, grant=grant, tool=TOOL, state=ToolGrant.State.ON, actor=factories.ACTOR)
    revoke = partial(plugins.revoke_plugin, instance=grant.instance, installation=installation, actor=factories.ACTOR)
    done = at_once(or_error(turn_on), or_error(revoke))
    assert done[1] is None
    assert not ToolGrant.objects.exists()


def test_a_toolkit_installed_and_granted_by_three_at_once_is_there_once() -> None:
    organization = factories.organization()
    number = factories.number(organization)
    at_once(
        *[partial(toolkits.install, organization=organization, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)] * 3
    )
    at_once(*[partial(toolkits.grant, instance=number, toolkit=Toolkit.PAYMENTS, actor=factories.ACTOR)] * 3)
    assert (OrganizationToolkit.objects.count(), ToolkitGrant.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action__startswith="toolkit.").count() == 2
